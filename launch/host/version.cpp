#include "launch/host/version.h"

#include <fmt/format.h>
#include <switchyard_commit.h>  // cmake/commit.cmake writes it

#include "io/text/regex.h"
#include "io/text/unicode.h"
#include "runtime/device/cuda.h"

namespace switchyard {
namespace {

std::string instruction_set() {
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return "SSE";
  std::string text = "AVX2";
  if (__builtin_cpu_supports("avx512f")) text += ", AVX-512";
  if (__builtin_cpu_supports("avx512vnni")) text += ", VNNI";
  if (__builtin_cpu_supports("avx512bf16")) text += ", BF16";
  return text;
}

}  // namespace

std::string version_number() { return SWITCHYARD_VERSION; }

std::string version_text() {
  return fmt::format(
      "switchyard {}\ncommit: {}\nbuild: {}\nCUDA: {}\nlibraries: {}, utf8proc {}, Oniguruma {}\n"
      "instructions: {}",
      SWITCHYARD_VERSION, SWITCHYARD_COMMIT, SWITCHYARD_BUILD, cuda::is_built_in() ? "yes" : "no",
      SWITCHYARD_LIBRARIES, unicode_version(), regex_version(), instruction_set());
}

}  // namespace switchyard
