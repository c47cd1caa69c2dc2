#include "reasons.h"

static const char *const names[DROP_REASON_COUNT] = {
#define X(constant, name, meaning) [DROP_##constant] = name,
    DROP_REASONS(X)
#undef X
};
static const char *const meanings[DROP_REASON_COUNT] = {
#define X(constant, name, meaning) [DROP_##constant] = meaning,
    DROP_REASONS(X)
#undef X
};
static const char *const causes[HAND_OVER_COUNT] = {
#define X(constant, name, meaning) [HAND_OVER_##constant] = name,
    HAND_OVERS(X)
#undef X
};

const char *drop_reason_name(unsigned reason) { return reason < DROP_REASON_COUNT ? names[reason] : 0; }
const char *drop_reason_meaning(unsigned reason) { return reason < DROP_REASON_COUNT ? meanings[reason] : 0; }
const char *hand_over_name(unsigned cause) { return cause < HAND_OVER_COUNT ? causes[cause] : 0; }
