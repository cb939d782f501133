#include "launch/doctor/finding.h"

#include <fmt/format.h>

#include <algorithm>

#include "runtime/error.h"

namespace switchyard::doctor {

std::string_view word_of(Finding::Verdict verdict) {
  constexpr std::string_view words[] = {"ok", "warn", "FAIL"};
  return words[static_cast<int>(verdict)];
}

std::string finding_text(const Finding& finding) {
  std::string text =
      fmt::format("{:<5} {:<16} {}\n", word_of(finding.verdict), finding.subject, finding.found);
  if (!finding.advice.empty()) text += fmt::format("{:22} {}\n", "", finding.advice);
  return text;
}

int exit_code_of(const std::vector<Finding>& findings) {
  const bool fails = std::any_of(findings.begin(), findings.end(), [](const Finding& finding) {
    return finding.verdict == Finding::Verdict::fail;
  });
  return static_cast<int>(fails ? Exit::usage : Exit::done);
}

}  // namespace switchyard::doctor
