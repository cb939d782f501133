#include "launch/host/stop_signals.h"

#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>

namespace switchyard {
namespace {

// Signal handlers can only reach objects of static storage; lock-free atomics are safe in them.
std::atomic<bool> stop_requested{false};
std::atomic<bool> asked_by_term_or_int{false};
std::atomic<bool> save_running{false};
constexpr std::array<int, 5> handled = {SIGTERM, SIGINT, SIGHUP, SIGXCPU, SIGUSR1};
// The one that `nohup` has the process ignore; a closed terminal is then no wish to stop.
constexpr int hangup = SIGHUP;

void on_signal(int number) {
  const bool ends = number == SIGTERM || number == SIGINT;
  const bool again = ends && asked_by_term_or_int.exchange(true);
  stop_requested = true;
  if (again && !save_running) _exit(128 + number);
}

void set_handler(int number, void (*handler)(int)) {
  struct sigaction action {
  }, before{};
  if (number == hangup && sigaction(number, nullptr, &before) == 0 &&
      before.sa_handler == SIG_IGN) {
    return;
  }
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigaction(number, &action, nullptr);
}

void set_handlers(void (*handler)(int)) {
  for (const int number : handled) set_handler(number, handler);
}

}  // namespace

StopSignals::StopSignals() { set_handlers(on_signal); }
StopSignals::~StopSignals() {
  if (!ignored_) set_handlers(SIG_DFL);
  set_handler(SIGUSR1, SIG_IGN);
  stop_requested = asked_by_term_or_int = save_running = false;
}

void StopSignals::remember_warnings() { set_handler(SIGUSR1, on_signal); }

bool StopSignals::requested_so_far() { return stop_requested; }
void StopSignals::ignore_from_now_on() {
  ignored_ = true;
  set_handlers(SIG_IGN);
}
void StopSignals::set_saving(bool saving) { save_running = saving; }

}  // namespace switchyard
