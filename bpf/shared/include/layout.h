// What of the kernel path outlives a process (`--stay`): the maps of the sessions, read by a process that may be another build.
#pragma once

/// A checksum of the definitions that both builds have to agree on: the names, places and sizes of all fields of these maps, and
/// LAYOUT_MEANING.
unsigned long long shared_layout(void);

/// To be raised where a field means something else than before in the same place.
#define LAYOUT_MEANING 2
