#include "launch/config/key_tables.h"

namespace switchyard {

std::vector<ConfigKey> keys_of(WatchdogConfig& watchdog) {
  return {{"watchdog.enabled", &watchdog.enabled, Anything{}, Resume::free,
           "end the job (exit code 76) when a rank is dead, silent or stuck"},
          {"watchdog.peer_timeout", &watchdog.peer_timeout, Range{1, 1e6}, Resume::free,
           "seconds without a sign of life after which a rank is silent"},
          {"watchdog.step_timeout", &watchdog.step_timeout, Range{0, 1e6}, Resume::free,
           "seconds that one step may take; 0: the larger of 60 and 10 median steps"},
          {"watchdog.interface", &watchdog.interface, Anything{}, Resume::free,
           "network interface for heartbeats; empty: any"}};
}

}  // namespace switchyard
