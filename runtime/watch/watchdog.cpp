#include "runtime/watch/watchdog.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <poll.h>
#include <unistd.h>

#include <atomic>
#include <optional>
#include <random>
#include <set>
#include <sstream>
#include <thread>
#include <vector>

#include "runtime/comm/agree.h"
#include "runtime/watch/awake_clock.h"
#include "runtime/watch/heartbeat.h"
#include "runtime/watch/neighbours.h"
#include "runtime/watch/roll_call.h"

namespace switchyard {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds look_every{200};
constexpr std::chrono::milliseconds for_messages_to_leave{200};

// How the ranks find rank 0.
struct Meeting {
  int port = 0;
  std::uint64_t token = 0;
  std::vector<std::string> addresses;
};

std::string text_of(const Meeting& meeting) {
  return fmt::format("{} {} {}", meeting.port, meeting.token, fmt::join(meeting.addresses, " "));
}

Meeting meeting_from(const std::string& text) {
  Meeting meeting;
  std::istringstream in(text);
  in >> meeting.port >> meeting.token;
  for (std::string address; in >> address;) meeting.addresses.push_back(address);
  return meeting;
}

std::uint64_t random_token() {
  std::random_device device;
  return (std::uint64_t{device()} << 32) ^ device();
}

[[noreturn]] void leave() { _exit(static_cast<int>(Exit::peer)); }

}  // namespace

class Watchdog::Thread {
 public:
  // Collective.
  Thread(Comm& world, const FlightRecord& record, const WatchdogConfig& config,
         std::function<void(const std::string&)> report)
      : record_(record),
        config_(config),
        rank_(world.rank()),
        num_ranks_(world.size()),
        neighbours_(world, record),
        report_(std::move(report)) {}

  ~Thread() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
    accept_waiting();  // a rank that has not been accepted yet must hear the farewell too
    send_all(Heartbeat::Kind::farewell);
  }

  Meeting open() {
    server_.emplace();
    token_ = random_token();
    std::vector<std::string> addresses = host_addresses(config_.interface);
    require(!addresses.empty(), Exit::usage,
            "watchdog.interface = \"{}\" is not a network interface with an IPv4 address on rank "
            "0's node: `ip -4 address` lists them, and \"\" takes any",
            config_.interface);
    return {server_->port(), token_, std::move(addresses)};
  }

  void join(const Meeting& meeting) {
    token_ = meeting.token;
    std::optional<HeartbeatLink> link = connect_to(meeting.addresses, meeting.port);
    require(link.has_value(), Exit::usage,
            "the watchdog of rank {} cannot reach rank 0 at {} port {}: name a network interface "
            "that all nodes share in watchdog.interface, or set watchdog.enabled = false",
            rank_, fmt::join(meeting.addresses, ", "), meeting.port);
    links_.push_back(std::move(*link));
    links_.back().send(beat(Heartbeat::Kind::beat));
  }

  void start() {
    thread_ = std::thread([this] { rank_ == 0 ? watch() : follow(); });
  }

 private:
  Heartbeat beat(Heartbeat::Kind kind) const {
    Heartbeat beat = heartbeat_of(record_, token_, rank_);
    beat.kind = kind;
    beat.suspect = suspect_;
    return beat;
  }

  void send_all(Heartbeat::Kind kind) {
    for (HeartbeatLink& link : links_) {
      if (link.state() == HeartbeatLink::State::open) link.send(beat(kind));
    }
  }

  void sleep_until_news() const {
    std::vector<pollfd> sockets;
    if (server_) sockets.push_back({server_->socket(), POLLIN, 0});
    for (const HeartbeatLink& link : links_) {
      if (link.state() == HeartbeatLink::State::open) sockets.push_back({link.socket(), POLLIN, 0});
    }
    poll(sockets.data(), sockets.size(), static_cast<int>(look_every.count()));
  }

  bool due(Clock::time_point now) {
    if (now < next_beat_) return false;
    const auto every = std::chrono::duration<double>(std::min(1.0, config_.peer_timeout / 5.0));
    next_beat_ = now + std::chrono::duration_cast<Clock::duration>(every);
    return true;
  }

  // Rank 0.
  void watch() {
    AwakeClock clock(Clock::now());
    RollCall roll(num_ranks_, {config_.peer_timeout, config_.step_timeout}, clock.at(Clock::now()));
    while (!stop_) {
      sleep_until_news();
      const Clock::time_point now = clock.at(Clock::now());
      accept_waiting();
      roll.heard(beat(Heartbeat::Kind::beat), now);
      for (std::size_t i = 0; i < links_.size(); ++i) listen_to(i, roll, now);
      if (due(now)) {
        send_all(Heartbeat::Kind::beat);
        for (const std::string& line : roll.stragglers(now)) report_(line);
      }
      if (const std::optional<RollCall::Verdict> verdict = roll.verdict(now)) end_job(*verdict);
    }
  }

  void accept_waiting() {
    if (!server_) return;
    while (std::optional<HeartbeatLink> link = server_->accept()) {
      links_.push_back(std::move(*link));
      rank_of_link_.push_back(-1);
    }
  }

  void listen_to(std::size_t i, RollCall& roll, Clock::time_point now) {
    HeartbeatLink& link = links_[i];
    int& rank = rank_of_link_[i];
    if (link.state() == HeartbeatLink::State::closed) return;
    bool left = false;
    for (const Heartbeat& heard : link.receive()) {
      if (heard.token != token_) return link.ignore();  // a stranger
      rank = heard.rank;
      left = heard.kind == Heartbeat::Kind::farewell;
      roll.heard(heard, now);
    }
    if (link.state() == HeartbeatLink::State::closed && rank >= 0 && !left &&
        !left_.contains(rank)) {
      roll.lost(rank);
    }
    if (left) left_.insert(rank);
  }

  [[noreturn]] void end_job(const RollCall::Verdict& verdict) {
    report_(verdict.text + neighbours_.account_of(verdict.suspect));
    suspect_ = verdict.suspect;
    send_all(Heartbeat::Kind::end);
    std::this_thread::sleep_for(for_messages_to_leave);
    leave();
  }

  // Every other rank.
  void follow() {
    HeartbeatLink& root = links_.front();
    AwakeClock clock(Clock::now());
    Clock::time_point heard = clock.at(Clock::now());
    while (!stop_) {
      sleep_until_news();
      const Clock::time_point now = clock.at(Clock::now());
      for (const Heartbeat& message : root.receive()) {
        heard = now;
        if (message.kind == Heartbeat::Kind::end) leave_after(message.suspect);
        if (message.kind == Heartbeat::Kind::farewell) return;
      }
      if (due(now)) root.send(beat(Heartbeat::Kind::beat));
      const double silence = std::chrono::duration<double>(now - heard).count();
      if (root.state() == HeartbeatLink::State::closed || silence > config_.peer_timeout) {
        lose_root(silence);
      }
    }
  }

  // Rank 0 may not see the suspect: only ranks of the suspect's node can.
  [[noreturn]] void leave_after(int suspect) {
    const std::string account = neighbours_.account_of(suspect);
    if (!account.empty()) report_(account);
    std::this_thread::sleep_for(
        for_messages_to_leave);  // a launcher may end ranks that still write
    leave();
  }

  // The death of rank 0 closes every connection, so rank 1 reports it for all. Its silence each
  // rank reports.
  [[noreturn]] void lose_root(double silence) {
    if (rank_ == 1 || silence > config_.peer_timeout) {
      report_(fmt::format("rank {}: rank 0 {}", rank_,
                          silence > config_.peer_timeout
                              ? fmt::format("has been silent for {:.0f} s", silence)
                              : "died"));
    }
    leave_after(0);
  }

  const FlightRecord& record_;
  const WatchdogConfig config_;
  const int rank_, num_ranks_;
  const Neighbours neighbours_;
  const std::function<void(const std::string&)> report_;
  std::uint64_t token_ = 0;
  int suspect_ = 0;                        // see Heartbeat
  std::optional<HeartbeatServer> server_;  // on rank 0 only
  std::vector<HeartbeatLink> links_;       // to rank 0; on rank 0, to all others
  std::vector<int> rank_of_link_;
  std::set<int> left_;
  Clock::time_point next_beat_{};
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

Watchdog::Watchdog(Comm& world, const FlightRecord& record, const WatchdogConfig& config,
                   std::function<void(const std::string&)> report) {
  if (!config.enabled || world.size() == 1) return;
  thread_ = std::make_unique<Thread>(world, record, config, std::move(report));
  std::string meeting;
  on_root(world, [&] { meeting = text_of(thread_->open()); });
  meeting = broadcast_text(world, meeting, 0);
  agree(world, [&] {
    if (world.rank() != 0) thread_->join(meeting_from(meeting));
  });
  thread_->start();
}

Watchdog::~Watchdog() = default;

}  // namespace switchyard
