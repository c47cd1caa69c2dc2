// Authors of filters import FilterKit alone.
@_exported public import PacketKit
