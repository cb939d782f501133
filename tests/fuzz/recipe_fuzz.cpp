// Fuzzes recipes: whatever they hold, a recipe or Exit::usage comes out.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "io/prepare/input/recipe.h"
#include "runtime/error.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace switchyard::prepare;
  using namespace switchyard;
  try {
    const Recipe recipe =
        parse_recipe({reinterpret_cast<const char*>(data), size}, "folder", "recipe.toml");
    if (recipe.sources.empty()) std::abort();
  } catch (const Error& error) {
    if (error.code() != Exit::usage) std::abort();
  }
  return 0;
}
