#include "io/prepare/filters/contamination_examples.h"

#include <limits>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "io/prepare/input/byte_source.h"
#include "io/prepare/input/documents.h"
#include "io/prepare/input/line_reader.h"
#include "io/text/unicode.h"
#include "runtime/error.h"

namespace switchyard::prepare {
namespace {

namespace fs = std::filesystem;
using Each = std::function<void(const std::string&, std::int64_t)>;

// Receives the events of a JSON parser and keeps the strings.
class StringCollector : public nlohmann::json_sax<nlohmann::json> {
 public:
  const std::string& text() const { return text_; }

  bool string(string_t& value) override {
    if (!text_.empty()) text_ += '\n';
    text_ += value;
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::json::exception&) override {
    return false;
  }

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool start_object(std::size_t) override { return true; }
  bool key(string_t&) override { return true; }
  bool end_object() override { return true; }
  bool start_array(std::size_t) override { return true; }
  bool end_array() override { return true; }

 private:
  std::string text_;
};

void require_whole(const ByteSource& source, const fs::path& file) {
  require(!source.damage(), Exit::data,
          "cannot read the evaluation file '{}' to its end: it is damaged or not readable",
          file.string());
}

void read_text(ByteSource& source, const fs::path& file, const Each& each) {
  std::string text;
  std::vector<char> buffer(std::size_t{256} << 10);
  while (const std::size_t size = source.read(buffer)) {
    text.append(buffer.data(), size);
    require(text.size() <= largest_document_bytes, Exit::data,
            "the evaluation file '{}' is one example of more than {} bytes: cut it into examples",
            file.string(), largest_document_bytes);
  }
  require_whole(source, file);
  repair_utf8(text);
  each(text, 0);
}

void read_lines(ByteSource& source, const fs::path& file, const Each& each) {
  LineReader lines(source, 0, std::numeric_limits<std::int64_t>::max(), largest_document_bytes);
  Line line;
  for (std::int64_t number = 1; lines.next(line); ++number) {
    require(!line.too_large, Exit::data, "line {} of the evaluation file '{}' has over {} bytes",
            number, file.string(), largest_document_bytes);
    repair_utf8(line.text);
    if (number == 1 && line.text.starts_with("\xEF\xBB\xBF")) line.text.erase(0, 3);
    if (is_blank(line.text)) continue;
    StringCollector strings;
    require(nlohmann::json::sax_parse(line.text, &strings), Exit::data,
            "line {} of the evaluation file '{}' is not JSON", number, file.string());
    each(strings.text(), number);
  }
  require_whole(source, file);
}

}  // namespace

void read_examples(const fs::path& file, const Each& each) {
  std::error_code error;
  require(fs::is_regular_file(file, error), Exit::usage, "there is no evaluation file '{}'",
          file.string());
  const Compression compression = compression_of(file);
  const fs::path kind =
      compression == Compression::none ? file : fs::path(file).replace_extension();
  const bool is_lines = kind.extension() == ".jsonl";
  require(
      is_lines || kind.extension() == ".txt" || kind.extension() == ".md", Exit::usage,
      "the evaluation file '{}' is not .txt, .md or .jsonl, plain or with .gz or .zst behind it",
      file.string());
  auto source = open_file(file);
  if (compression != Compression::none) source = decompress(std::move(source), compression);
  is_lines ? read_lines(*source, file, each) : read_text(*source, file, each);
}

}  // namespace switchyard::prepare
