#include "runtime/watch/heartbeat.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <type_traits>
#include <utility>

#include "runtime/error.h"

namespace switchyard {
namespace {

static_assert(std::is_trivially_copyable_v<Heartbeat>);  // the ranks of a job share one binary
constexpr int connect_milliseconds = 2000;

void make_nonblocking(int socket) {
  fcntl(socket, F_SETFL, fcntl(socket, F_GETFL) | O_NONBLOCK);
  const int yes = 1;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
}

// Returns -1 if the peer does not accept in time.
int connect_once(const std::string& address, int port) {
  sockaddr_in target{};
  target.sin_family = AF_INET;
  target.sin_port = htons(static_cast<std::uint16_t>(port));
  if (inet_pton(AF_INET, address.c_str(), &target.sin_addr) != 1) return -1;
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return -1;
  make_nonblocking(socket);
  const int begun = connect(socket, reinterpret_cast<const sockaddr*>(&target), sizeof target);
  pollfd writable{socket, POLLOUT, 0};
  int problem = 0;
  socklen_t size = sizeof problem;
  if ((begun == 0 || errno == EINPROGRESS) && poll(&writable, 1, connect_milliseconds) == 1 &&
      getsockopt(socket, SOL_SOCKET, SO_ERROR, &problem, &size) == 0 && problem == 0) {
    return socket;
  }
  close(socket);
  return -1;
}

}  // namespace

Heartbeat heartbeat_of(const FlightRecord& record, std::uint64_t token, int rank) {
  Heartbeat beat;
  beat.token = token;
  beat.rank = rank;
  beat.pid = getpid();
  beat.phase = record.phase;
  beat.step = record.step;
  beat.collectives = record.collectives;
  beat.waited = record.waited;
  beat.collective = record.collective;
  gethostname(beat.host.data(), beat.host.size() - 1);
  return beat;
}

HeartbeatLink::HeartbeatLink(int socket) : socket_(socket) { make_nonblocking(socket); }
HeartbeatLink::HeartbeatLink(HeartbeatLink&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)),
      state_(other.state_),
      buffer_(std::move(other.buffer_)) {}
HeartbeatLink::~HeartbeatLink() {
  if (socket_ >= 0) close(socket_);
}

void HeartbeatLink::send(const Heartbeat& beat) {
  const ssize_t sent = ::send(socket_, &beat, sizeof beat, MSG_NOSIGNAL | MSG_DONTWAIT);
  const bool full = sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
  // Part of a message would garble all later ones. The buffer is full only after minutes without a
  // read.
  if (sent != ssize_t{sizeof beat} && !full) state_ = State::closed;
}

std::vector<Heartbeat> HeartbeatLink::receive() {
  std::array<char, 16 * sizeof(Heartbeat)> part{};
  for (;;) {
    const ssize_t size = recv(socket_, part.data(), part.size(), MSG_DONTWAIT);
    if (size > 0) {
      buffer_.append(part.data(), static_cast<std::size_t>(size));
      continue;
    }
    const bool nothing_yet =
        size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
    if (!nothing_yet) state_ = State::closed;
    break;
  }
  std::vector<Heartbeat> beats(buffer_.size() / sizeof(Heartbeat));
  std::memcpy(beats.data(), buffer_.data(), beats.size() * sizeof(Heartbeat));
  buffer_.erase(0, beats.size() * sizeof(Heartbeat));
  return beats;
}

HeartbeatServer::HeartbeatServer() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in any{};
  any.sin_family = AF_INET;
  socklen_t size = sizeof any;
  auto* address = reinterpret_cast<sockaddr*>(&any);
  const bool listens = socket_ >= 0 && bind(socket_, address, size) == 0 &&
                       listen(socket_, SOMAXCONN) == 0 && getsockname(socket_, address, &size) == 0;
  require(listens, Exit::usage, "the watchdog cannot listen on a TCP port: {}",
          std::strerror(errno));
  make_nonblocking(socket_);
  port_ = ntohs(any.sin_port);
}

HeartbeatServer::~HeartbeatServer() { close(socket_); }

std::optional<HeartbeatLink> HeartbeatServer::accept() {
  const int socket = ::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC);
  return socket < 0 ? std::nullopt : std::optional<HeartbeatLink>(std::in_place, socket);
}

std::vector<std::string> host_addresses(const std::string& interface) {
  std::vector<std::string> others, loopback;
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return {"127.0.0.1"};
  for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
    if (entry->ifa_addr == nullptr || entry->ifa_addr->sa_family != AF_INET) continue;
    if (!interface.empty() && interface != entry->ifa_name) continue;
    std::array<char, INET_ADDRSTRLEN> text{};
    const auto* address = reinterpret_cast<const sockaddr_in*>(entry->ifa_addr);
    inet_ntop(AF_INET, &address->sin_addr, text.data(), text.size());
    ((entry->ifa_flags & IFF_LOOPBACK) != 0 ? loopback : others).emplace_back(text.data());
  }
  freeifaddrs(list);
  others.insert(others.end(), loopback.begin(), loopback.end());
  return others;
}

std::optional<HeartbeatLink> connect_to(const std::vector<std::string>& addresses, int port) {
  for (const std::string& address : addresses) {
    const int socket = connect_once(address, port);
    if (socket >= 0) return std::optional<HeartbeatLink>(std::in_place, socket);
  }
  return std::nullopt;
}

}  // namespace switchyard
