// encode_texts TOKENIZER_JSON BOUNDARY text|parse: reads texts and writes their ids, each as a
// record: u32 size, bytes; u32 number of ids, ids as u32, u32 size of the decoded text, its bytes.
// With a file of text as a fourth argument: prints how many MB/s it encodes, as one document and as
// documents of 4 KiB, the best of five runs.
#include <fmt/core.h>

#include <chrono>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <iterator>

#include "io/files/durable.h"
#include "io/tokens/hub/hub_file.h"
#include "io/tokens/tokenizer.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

void put(std::uint32_t number, std::string& out) {
  out.append(reinterpret_cast<const char*>(&number), sizeof number);
}

std::string encode_records(const Tokenizer& tokenizer, std::string_view in) {
  std::string out;
  while (!in.empty()) {
    std::uint32_t size = 0;
    std::memcpy(&size, in.data(), sizeof size);
    const auto ids = tokenizer.encode(in.substr(sizeof size, size));
    in.remove_prefix(sizeof size + size);
    put(static_cast<std::uint32_t>(ids.size()), out);
    for (const std::int32_t id : ids) put(static_cast<std::uint32_t>(id), out);
    const std::string text = tokenizer.decode(ids);
    put(static_cast<std::uint32_t>(text.size()), out);
    out += text;
  }
  return out;
}

double seconds_of(const Tokenizer& tokenizer, std::string_view text, std::size_t document) {
  const auto begin = std::chrono::steady_clock::now();
  while (!text.empty()) {
    std::size_t end = std::min(document, text.size());
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80) ++end;
    (void)tokenizer.encode(text.substr(0, end));
    text.remove_prefix(end);
  }
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

void print_speed(const Tokenizer& tokenizer, const std::string& text) {
  for (const std::size_t document : {text.size(), std::size_t{4096}}) {
    double best = seconds_of(tokenizer, text, document);
    for (int run = 1; run < 5; ++run) best = std::min(best, seconds_of(tokenizer, text, document));
    fmt::print("{:.3f} ", static_cast<double>(text.size()) / 1e6 / best);
  }
  fmt::print("\n");
}

int run(const char* path, const char* boundary, const std::string& mode, const char* file) {
  const auto tokenizer =
      make_hub_tokenizer(hub::serialized(hub::read_hub_file(path, boundary, mode == "parse")));
  if (file != nullptr) {
    print_speed(*tokenizer, durable::read_file(file, std::int64_t{1} << 30));
    return 0;
  }
  const std::string in{std::istreambuf_iterator<char>(std::cin), {}};
  const std::string out = encode_records(*tokenizer, in);
  return std::fwrite(out.data(), 1, out.size(), stdout) == out.size() ? 0 : 1;
}

}  // namespace
}  // namespace switchyard

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  try {
    return switchyard::run(argv[1], argv[2], argv[3], argc > 4 ? argv[4] : nullptr);
  } catch (const switchyard::Error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return static_cast<int>(error.code());
  }
}
