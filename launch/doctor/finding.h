// Finding: one line of `switchyard doctor`.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace switchyard::doctor {

struct Finding {
  enum class Verdict : std::uint8_t { ok, warn, fail };  // fail: a run would not work
  Verdict verdict = Verdict::ok;
  std::string subject;  // "shared memory"
  std::string found;    // "/dev/shm has 64 MiB"
  std::string advice;   // what to do; empty when ok
};

std::string_view word_of(Finding::Verdict verdict);  // "ok", "warn" or "FAIL"

// One or two lines: the finding, and below it the advice.
std::string finding_text(const Finding& finding);

// Returns Exit::usage if one of them fails, else 0.
int exit_code_of(const std::vector<Finding>& findings);

}  // namespace switchyard::doctor
