public import DataPath
public import FilterKit
import Synchronization

/// What became of what stayed, for people.
public struct StayReport: Equatable, Sendable {
  /// What was taken over from the process before, or replaced.
  public internal(set) var notes: [String] = []
  /// Why nothing stays although it should.
  public internal(set) var problem: KernelPathError?
}

extension KernelPath {
  /// What was taken over, and what keeps this process from leaving anything.
  public var stay: StayReport { state.withLock { $0.stay } }

  /// How many sessions the kernel carries.
  public var carriedSessions: Int { state.withLock { $0.sessions.carriedCount } }

  /// Whether the sessions that the kernel carries go on when this process ends.
  public var isToStay: Bool {
    options.stays
      && state.withLock { $0.stay.problem == nil && $0.active?.attachments.contains(where: \.stays) == true }
  }

  public func sessionsLeft(for listening: [SocketAddress]) -> [LeftSession] {
    let folder = PinFolder(listening[0])
    guard folder.exists else { return [] }
    guard let left = LeftState(in: folder, layout: options.layout) else {
      replace(folder)
      return []
    }
    return state.withLock { state in
      var sessions: [LeftSession] = []
      for session in left.takeSessions() {
        guard state.numbers.adopt(session.carried.server, as: session.carried.endpoint) else {
          left.sessionMaps.close(session.carried)
          continue
        }
        state.sessions.add(session.record)
        state.sessions.carry(session.record, as: session.carried)
        sessions.append(LeftSession(session.record, lastSeen: session.lastSeen))
      }
      state.left = left
      state.stay.notes.append(
        "sessions of the process before that stayed in the kernel and are taken over: \(sessions.count) (\(folder))")
      if left.sessionCapacity < options.maxSessions {
        state.stay.notes.append(
          "the kernel has room for \(left.sessionCapacity) sessions, as the process before; those above it go by the sockets, "
            + "until a start without what stayed ('proxy detach')")
      }
      return sessions
    }
  }

  /// Ends what another build left.
  private func replace(_ folder: PinFolder) {
    let remains = Remains(folder)
    let isRemoved = (try? remains.remove()) != nil
    state.withLock {
      $0.stay.notes.append(
        "what another build of the proxy left in the kernel has another layout, and is "
          + (isRemoved ? "replaced" : "left alone, since it cannot be removed")
          + ": sessions that are made anew: \(remains.sessionCount) (\(folder))")
    }
  }

  /// The pins for a program that is about to run, up to date; nil where nothing is to stay, or cannot.
  func pins(
    _ pins: Pins?, _ maps: SharedMaps, _ left: LeftState?, _ places: InterfacePlaces, _ listening: [SocketAddress]
  ) -> Pins? {
    guard options.stays || left != nil else { return nil }
    do throws(KernelPathError) {
      // Noted also where this process does not stay: if it is killed now, the next one takes over.
      guard var pins = pins ?? left.map({ Pins($0) }) else {
        let header = PinHeader(layout: options.layout, listening: listening, places: places)
        let pins = try Pins(maps, header, in: PinFolder(listening[0]))
        if pins.isPrivate {
          state.withLock {
            $0.stay.notes.append(
              "\(PinFolder.fileSystem) was mounted in a mount namespace of its own, as 'ip netns exec' makes one: what stays goes when that "
                + "does; mount it outside to keep it ('mount -t bpf bpf \(PinFolder.fileSystem)')")
          }
        }
        return pins
      }
      try pins.note(places)
      return options.stays ? pins : nil
    } catch {
      state.withLock { $0.stay.problem = error }
      return nil
    }
  }

  /// Lets a program that runs now stay, or nothing of what the process before left.
  func keep(_ active: ActiveProgram, _ left: LeftState?, _ pins: Pins?) {
    if let left, !active.plan.tables.states.isEmpty {
      state.withLock { $0.stay.notes.append("limits and turns that filters count begin anew (\(left.folder))") }
    }
    guard let pins else {
      left?.folder.remove()
      for attachment in active.attachments { attachment.unpinned() }
      return
    }
    do throws(KernelPathError) {
      try pins.keep(active.attachments)
      state.withLock { $0.stay.problem = nil }
    } catch {
      pins.remove()
      for attachment in active.attachments { attachment.unpinned() }
      state.withLock { $0.stay.problem = error }
    }
  }

  /// Leaves all to the next process. False where nothing is to stay.
  func leave(_ change: inout Change) -> Bool {
    guard change.pins != nil, isToStay else { return false }
    change.keeper = nil
    change.pins = nil
    let active = state.withLock { state in
      defer { state.active = nil }
      // What the workers say of sessions from now on changes nothing in the kernel.
      state.sessions = MirroredSessions()
      state.numbers = EndpointNumbers()
      state.offload.setSessions(0)
      state.offload.set(isActive: false, obstacle: nil)
      return state.active
    }
    active?.leave(metrics)
    change.cells.giveBack()
    change.cells = KernelCells()
    return true
  }
}
