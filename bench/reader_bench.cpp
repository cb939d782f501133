// How fast one thread reads documents, in bytes of the .jsonl file. One run compares, over the same
// lines of about 3 kB: the whole reader from the page cache, its JSON parser alone, nlohmann's
// parser instead (as a tree, and as events of which only the text is kept), and the repair of
// UTF-8.
#include <benchmark/benchmark.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "io/prepare/input/documents.h"
#include "io/prepare/input/json_line.h"
#include "io/text/unicode.h"
#include "runtime/random.h"

namespace switchyard::prepare {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t num_lines = 4096;

std::string text_of(std::uint64_t number) {
  static const Random random_bits(1, Purpose::init);
  std::string text;
  for (std::uint64_t i = 0; text.size() < 3000; ++i) {
    const auto bits = random_bits.bits(number * 1000 + i);
    for (std::uint32_t letters = 1 + bits[0] % 9, j = 0; j < letters; ++j) {
      text += static_cast<char>('a' + (bits[1] >> 3 * j) % 26);
    }
    text += bits[2] % 50 == 0 ? "\"\xC3\xA9\" " : bits[2] % 12 == 0 ? ",\n" : " ";
  }
  return text;
}

const std::vector<std::string>& lines() {
  static const std::vector<std::string> result = [] {
    std::vector<std::string> made;
    for (std::uint64_t i = 0; i < num_lines; ++i) {
      const nlohmann::json line = {{"id", i},
                                   {"text", text_of(i)},
                                   {"url", "https://example.org/" + std::to_string(i)},
                                   {"source", "bench"},
                                   {"meta", {{"language", "en"}, {"scores", {0.5, 0.25}}}}};
      made.push_back(line.dump());
    }
    return made;
  }();
  return result;
}

// Runs `work` on each line; reports bytes per second.
template <class Work>
void over_lines(benchmark::State& state, Work work) {
  std::int64_t bytes = 0;
  for (auto _ : state) {
    for (const std::string& line : lines()) {
      work(line);
      bytes += std::ssize(line) + 1;
    }
  }
  state.SetBytesProcessed(bytes);
}

void read_whole_file(benchmark::State& state) {
  const fs::path path = fs::temp_directory_path() / "switchyard-reader-bench.jsonl";
  {
    std::ofstream file(path, std::ios::binary);
    for (const std::string& line : lines()) file << line << '\n';
  }
  const auto bytes = static_cast<std::int64_t>(fs::file_size(path));
  for (auto _ : state) {
    Problems problems;
    read_documents({path, 0, bytes}, {0, 0, bytes}, "text", problems,
                   [](Document&& document) { benchmark::DoNotOptimize(document.hash); });
  }
  state.SetBytesProcessed(bytes * static_cast<std::int64_t>(state.iterations()));
  fs::remove(path);
}
BENCHMARK(read_whole_file)->Unit(benchmark::kMillisecond);

void json_of_a_line(benchmark::State& state) {
  over_lines(state, [](const std::string& line) {
    benchmark::DoNotOptimize(read_json_line(line, "text"));
  });
}
BENCHMARK(json_of_a_line)->Unit(benchmark::kMillisecond);

void nlohmann_tree(benchmark::State& state) {
  over_lines(state, [](const std::string& line) {
    benchmark::DoNotOptimize(nlohmann::json::parse(line)["text"].get_ref<std::string&>());
  });
}
BENCHMARK(nlohmann_tree)->Unit(benchmark::kMillisecond);

// Keeps the value of "text" at any depth, which is enough to measure the cost.
struct KeepText : nlohmann::json_sax<nlohmann::json> {
  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool start_object(std::size_t) override { return true; }
  bool end_object() override { return true; }
  bool start_array(std::size_t) override { return true; }
  bool end_array() override { return true; }
  bool parse_error(std::size_t, const std::string&, const nlohmann::json::exception&) override {
    return false;
  }
  bool key(string_t& name) override {
    is_text = name == "text";
    return true;
  }
  bool string(string_t& value) override {
    if (is_text) text = std::move(value);
    return true;
  }
  bool is_text = false;
  std::string text;
};

void nlohmann_events(benchmark::State& state) {
  over_lines(state, [](const std::string& line) {
    KeepText kept;
    nlohmann::json::sax_parse(line, &kept);
    benchmark::DoNotOptimize(kept.text);
  });
}
BENCHMARK(nlohmann_events)->Unit(benchmark::kMillisecond);

void repair_valid_utf8(benchmark::State& state) {
  std::vector<std::string> copies = lines();
  std::int64_t bytes = 0;
  for (auto _ : state) {
    for (std::string& line : copies) {
      benchmark::DoNotOptimize(repair_utf8(line));
      bytes += std::ssize(line);
    }
  }
  state.SetBytesProcessed(bytes);
}
BENCHMARK(repair_valid_utf8)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace switchyard::prepare

BENCHMARK_MAIN();
