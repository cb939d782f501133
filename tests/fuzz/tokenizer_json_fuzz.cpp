// Fuzzes tokenizer.json: whatever it holds, a tokenizer that encodes any text or Exit::data comes
// out. The first bytes of the input, up to a line of "%", are the text.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "io/tokens/hub/hub_file.h"
#include "io/tokens/tokenizer.h"
#include "runtime/error.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace switchyard;
  std::string text(reinterpret_cast<const char*>(data), size);
  const std::size_t cut = text.find("\n%\n");
  const std::string file = cut == std::string::npos ? text : text.substr(cut + 3);
  if (cut != std::string::npos) text.resize(cut);
  try {
    const auto tokenizer = make_hub_tokenizer(hub::serialized({file, "", "<s>", size % 2 == 0}));
    for (const std::int32_t id : tokenizer->encode(text)) {
      if (id < 0 || id >= tokenizer->vocabulary() || id == tokenizer->boundary()) std::abort();
    }
    (void)tokenizer->decode(tokenizer->encode(text));
  } catch (const Error& error) {
    if (error.code() != Exit::data) std::abort();
  }
  return 0;
}
