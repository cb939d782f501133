// Heartbeat: the message that ranks send each other over TCP while they train, and its sockets. It
// never uses MPI, which a dead peer can hang.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runtime/flight_record.h"

namespace switchyard {

struct Heartbeat {
  enum class Kind : std::int32_t { beat, farewell, end };  // end: the job is over, exit

  std::uint64_t token = 0;  // identifies the job; beats with another token are ignored
  Kind kind = Kind::beat;
  std::int32_t rank = 0, pid = 0;
  std::int32_t suspect = 0;  // for `end`: the rank to look at
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
  void send(const Heartbeat& beat);  // never blocks: a peer that does not read misses beats
  // Reads what has arrived and returns the complete messages. Marks the link closed if the peer is
  // gone.
  std::vector<Heartbeat> receive();
  State state() const { return state_; }
  void ignore() { state_ = State::closed; }

 private:
  int socket_;
  State state_ = State::open;
  std::string buffer_;
};

// Listens on every address of this machine. Errors: Exit::usage if the machine has none.
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

// Returns the IPv4 addresses of this machine, loopback last, or those of `interface` if it is not
// empty.
std::vector<std::string> host_addresses(const std::string& interface);

// Connects to the first address that accepts within 2 s.
std::optional<HeartbeatLink> connect_to(const std::vector<std::string>& addresses, int port);

}  // namespace switchyard
