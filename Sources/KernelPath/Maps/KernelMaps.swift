import CBpf
import CDataPath
public import FilterKit
import Glibc

/// The maps of the kernel's program. They outlive it: the next program is loaded around them, so sessions go on as they are.
public final class KernelMaps: Sendable {
  /// How many entries the maps hold; fixed when they are made.
  public struct Sizes: Sendable {
    public var tokens = 1_024
    public var sessions = 1_024
    public var cells = 1
    public var cellPlaces = 1
    public var stateEntries = 1
    public var prefixes = 1
    public var portSets = 1
    public var balance = BalanceRoom()
    public init() {}

    /// The sizes that depend on a chain.
    public init(_ tables: KernelTables, cells: Int, entries: Int) {
      self.cells = cells
      stateEntries = entries
      cellPlaces = tables.states.reduce(0) { $0 + $1.keyedCellCount }
      prefixes = tables.prefixes.count
      portSets = tables.portSets.count
    }

    /// By the name of the map. A map has at least one entry.
    var entries: [String: Int] {
      [
        "tokens": tokens, "sessions": sessions, "replies": sessions, "cells": cells, "cell_places": cellPlaces,
        "entries": stateEntries,
        "prefixes": prefixes, "port_sets": portSets, "endpoints": 2 * balance.endpoints, "ring": 2 * balance.ring,
      ].mapValues { max(1, $0) }
    }
  }

  /// What a map is for: it says with what the map has to be made anew.
  public enum Role: CaseIterable, Sendable {
    /// Sessions and interfaces: as long as packets flow.
    case live
    /// What filters remember.
    case state
    /// What a chain looks up beside its image.
    case chain
    /// Where packets go. A program with another chain and other endpoints gets its own, filled before its first packet.
    case routing
    /// What a program counts. Places are those of its chain.
    case counting

    init(_ name: String) {
      switch name {
      case "tokens", "defaults", "balance", "endpoints", "ring": self = .routing
      case "cells", "cell_places", "entries": self = .state
      case "prefixes", "port_sets": self = .chain
      case "counters", "flows": self = .counting
      default: self = .live
      }
    }
  }

  let tokens: KernelMap<token_key, token_entry>
  let defaults: KernelMap<UInt32, default_route>
  let sessions: KernelMap<session_key, route_entry>
  let replies: KernelMap<reply_key, route_entry>
  let interfaces: KernelMap<UInt32, UInt32>
  let neighbours: KernelMap<neighbour_key, UInt64>
  public let counters: KernelCounters
  let filters: FilterMaps
  let balance: BalanceMaps
  let cells: MapDescriptor
  let cellPlaces: MapDescriptor
  let entries: MapDescriptor

  private let descriptors: [String: MapDescriptor]

  /// Takes over the maps of an object that was loaded; those that it was given before stay shared with `others`.
  ///
  /// - Parameter room: for endpoints to choose among.
  init(
    _ object: OpaquePointer, sharing others: SharedMaps?, anew: Set<Role>, room: BalanceRoom
  ) throws(KernelPathError) {
    var descriptors: [String: MapDescriptor] = [:]
    for (name, map) in Self.maps(of: object) {
      if let shared = others?.descriptors[name], !anew.contains(Role(name)) {
        descriptors[name] = shared
      } else {
        descriptors[name] = try MapDescriptor(copying: bpf_map__fd(map))
      }
    }
    func descriptor(_ name: String) throws(KernelPathError) -> MapDescriptor {
      guard let descriptor = descriptors[name] else { throw .system(call: "look-up of the map \(name)", errno: ENOENT) }
      return descriptor
    }
    func number(_ name: String) throws(KernelPathError) -> Int32 { try descriptor(name).number }
    self.descriptors = descriptors
    tokens = KernelMap(try number("tokens"))
    defaults = KernelMap(try number("defaults"))
    sessions = KernelMap(try number("sessions"))
    replies = KernelMap(try number("replies"))
    interfaces = KernelMap(try number("interfaces"))
    neighbours = KernelMap(try number("neighbours"))
    counters = KernelCounters(try number("counters"), flows: try number("flows"))
    filters = FilterMaps(prefixes: KernelMap(try number("prefixes")), portSets: KernelMap(try number("port_sets")))
    balance = BalanceMaps(
      balance: KernelMap(try number("balance")), endpoints: KernelMap(try number("endpoints")),
      ring: KernelMap(try number("ring")), room: room)
    cells = try descriptor("cells")
    cellPlaces = try descriptor("cell_places")
    entries = try descriptor("entries")
  }

  /// The same for a program that is to be loaded around them.
  package var shared: SharedMaps { SharedMaps(descriptors: descriptors) }

  /// The maps by name, without those that libbpf makes of the program's data.
  static func maps(of object: OpaquePointer) -> [(String, OpaquePointer)] {
    var maps: [(String, OpaquePointer)] = []
    var next = bpf_object__next_map(object, nil)
    while let map = next {
      if !bpf_map__is_internal(map), let name = bpf_map__name(map) { maps.append((String(cString: name), map)) }
      next = bpf_object__next_map(object, map)
    }
    return maps
  }
}
