// Heartbeat: the message that ranks send each other over TCP while they train, and the sockets it
// travels on. Never MPI: a dead peer must not be able to hang it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runtime/flight_record.h"

namespace switchyard {

struct Heartbeat {
  enum class Kind : std::int32_t { beat, farewell, end };  // end: the job is over, leave

  std::uint64_t token = 0;  // of the job: strangers on the port are not listened to
  Kind kind = Kind::beat;
  std::int32_t rank = 0, pid = 0;
  std::int32_t suspect = 0;  // of `end`: the rank to look at
  Phase phase = Phase::start;
  std::int64_t step = -1, collectives = 0, waited = 0;  // see FlightRecord
  Collective collective = Collective::none;
  std::array<char, 64> host{};
};

Heartbeat heartbeat_of(const FlightRecord& record, std::uint64_t token, int rank);

// A TCP connection of heartbeats; move-only.
class HeartbeatLink {
 public:
  enum class State : std::uint8_t { open, closed };

  explicit HeartbeatLink(int socket);
  ~HeartbeatLink();
  HeartbeatLink(HeartbeatLink&& other) noexcept;
  HeartbeatLink& operator=(HeartbeatLink&&) = delete;

  int socket() const { return socket_; }
  void send(const Heartbeat& beat);  // never blocks; a peer that does not read misses beats
  // Reads what has arrived. Returns whole messages, and marks the link closed when the peer is
  // gone.
  std::vector<Heartbeat> receive();
  State state() const { return state_; }
  void ignore() { state_ = State::closed; }

 private:
  int socket_;
  State state_ = State::open;
  std::string buffer_;
};

// Listens on every address of this machine. Errors: Exit::usage if it has none to listen on.
class HeartbeatServer {
 public:
  HeartbeatServer();
  ~HeartbeatServer();
  HeartbeatServer(const HeartbeatServer&) = delete;
  HeartbeatServer& operator=(const HeartbeatServer&) = delete;

  int socket() const { return socket_; }
  int port() const { return port_; }
  std::optional<HeartbeatLink> accept();

 private:
  int socket_ = -1, port_ = 0;
};

// IPv4 addresses of this machine, loopback last; of `interface` alone unless it is empty.
std::vector<std::string> host_addresses(const std::string& interface);

// The first of the addresses that accepts within 2 s each.
std::optional<HeartbeatLink> connect_to(const std::vector<std::string>& addresses, int port);

}  // namespace switchyard
