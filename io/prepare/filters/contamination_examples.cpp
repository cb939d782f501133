#include "io/prepare/filters/contamination_examples.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "io/prepare/input/documents.h"
#include "io/prepare/input/json_scanner.h"
#include "io/prepare/input/json_values.h"
#include "io/prepare/input/line_reader.h"
#include "io/prepare/input/text_source.h"
#include "io/text/unicode.h"
#include "runtime/error.h"

namespace switchyard::prepare {
namespace {

namespace fs = std::filesystem;
using Each = std::function<void(const std::string&, std::int64_t)>;

// Collects the strings of a JSON text, keys aside, one a line. False: it is not JSON.
bool collect_strings(std::string_view json, std::string& text) {
  JsonScanner scanner(json);
  std::string_view rest;
  if (!scanner.value(rest) || !scanner.at_end()) return false;
  for (std::size_t begin = 0; (begin = rest.find('"')) != std::string_view::npos;) {
    rest.remove_prefix(begin);
    std::size_t end = 1;
    while (rest[end] != '"') end += rest[end] == '\\' ? 2 : 1;
    const std::string_view string = rest.substr(0, end + 1);
    rest.remove_prefix(end + 1);
    rest.remove_prefix(std::min(rest.size(), rest.find_first_not_of(" \t\r\n")));
    if (rest.starts_with(':')) continue;  // it is a key
    if (!text.empty()) text += '\n';
    text += json_unescape(string);
  }
  return true;
}

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

template <class Reader>
void read_values(Reader reader, const fs::path& file, const Each& each) {
  for (Line line; reader.next(line);) {
    require(!line.too_large, Exit::data, "line {} of the evaluation file '{}' has over {} bytes",
            line.number, file.string(), largest_document_bytes);
    repair_utf8(line.text);
    drop_byte_order_mark(line.text);
    if (is_blank(line.text)) continue;
    std::string strings;
    require(collect_strings(line.text, strings), Exit::data,
            "line {} of the evaluation file '{}' is not JSON", line.number, file.string());
    each(strings, line.number);
  }
}

void read_json(std::unique_ptr<ByteSource> source, const fs::path& file, const Each& each) {
  PeekedSource peeked(std::move(source), json_head_bytes);
  if (is_read_by_values(peeked.head(), content_of(file))) {
    read_values(JsonValueReader(peeked, largest_document_bytes), file, each);
  } else {
    constexpr auto no_end = std::numeric_limits<std::int64_t>::max();
    read_values(LineReader(peeked, 0, no_end, largest_document_bytes), file, each);
  }
  require_whole(peeked, file);
}

}  // namespace

void read_examples(const fs::path& file, const Each& each) {
  std::error_code error;
  require(fs::is_regular_file(file, error), Exit::usage, "there is no evaluation file '{}'",
          file.string());
  const Content content = content_of(file);
  require(content != Content::other, Exit::usage, "the evaluation file '{}' is not a {}",
          file.string(), readable_kinds);
  auto source = open_text(file).bytes;
  if (content == Content::text) {
    read_text(*source, file, each);
  } else {
    read_json(std::move(source), file, each);
  }
}

}  // namespace switchyard::prepare
