#include "launch/score/json_rows.h"

#include <charconv>
#include <limits>

#include "io/prepare/input/documents.h"
#include "io/prepare/input/json_values.h"
#include "io/prepare/input/line_reader.h"
#include "io/prepare/input/text_source.h"
#include "io/text/escape.h"
#include "io/text/unicode.h"
#include "runtime/error.h"

namespace switchyard::tasks {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using prepare::Line;

Row parsed(const std::string& text, const std::string& where) {
  json object = json::parse(text, nullptr, /*allow_exceptions=*/false);
  require(!object.is_discarded(), Exit::data, "{} is not JSON: {}", where,
          terminal_text(shortened(text, 60)));
  require(object.is_object(), Exit::data, "{} is not a JSON object: {}", where,
          terminal_text(shortened(text, 60)));
  return {std::move(object), where};
}

template <class Reader>
void read_values(Reader reader, const fs::path& file, std::int64_t limit, std::vector<Row>& rows) {
  for (Line line; (limit < 0 || std::ssize(rows) < limit) && reader.next(line);) {
    const std::string where = fmt::format("{}, line {}", file.string(), line.number);
    require(!line.too_large, Exit::data, "{} has over {} bytes", where,
            prepare::largest_document_bytes);
    prepare::drop_byte_order_mark(line.text);
    if (prepare::is_blank(line.text)) continue;
    require(!repair_utf8(line.text), Exit::data, "{} is not UTF-8", where);
    rows.push_back(parsed(line.text, where));
  }
}

}  // namespace

std::vector<Row> read_rows(const fs::path& file, std::int64_t limit) {
  std::error_code error;
  require(fs::is_regular_file(file, error), Exit::usage, "there is no file {}", file.string());
  prepare::PeekedSource source(prepare::open_text(file).bytes, prepare::json_head_bytes);
  std::vector<Row> rows;
  if (prepare::is_read_by_values(source.head(), prepare::content_of(file))) {
    read_values(prepare::JsonValueReader(source, prepare::largest_document_bytes), file, limit,
                rows);
  } else {
    constexpr auto no_end = std::numeric_limits<std::int64_t>::max();
    read_values(prepare::LineReader(source, 0, no_end, prepare::largest_document_bytes), file,
                limit, rows);
  }
  require(!source.damage(), Exit::data, "cannot read {} to its end: it is damaged or not readable",
          file.string());
  require(!rows.empty() || limit == 0, Exit::data, "{} has no row", file.string());
  return rows;
}

void Row::reject(std::string_view name, std::string_view reason) const {
  fail(Exit::data, "{}: the field {} {}", where_, name, reason);
}

const json& Row::field(std::string_view name) const {
  const json::json_pointer place("/" + std::string(name));
  if (!object_.contains(place)) reject(name, "is missing");
  return object_.at(place);
}

std::string Row::text(std::string_view name) const {
  const json& value = field(name);
  if (!value.is_string()) reject(name, "is not a text");
  return value.get<std::string>();
}

std::vector<std::string> Row::texts(std::string_view name) const {
  const json& values = field(name);
  if (!values.is_array() || values.empty()) reject(name, "is not a list of texts");
  std::vector<std::string> texts;
  for (const json& value : values) {
    if (!value.is_string()) reject(name, "is not a list of texts");
    texts.push_back(value.get<std::string>());
  }
  return texts;
}

std::size_t Row::index(std::string_view name, std::size_t count) const {
  const json& value = field(name);
  std::int64_t number = -1;
  if (value.is_number_integer()) {
    number = value.get<std::int64_t>();
  } else if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (problem != std::errc() || end != text.data() + text.size()) number = -1;
  }
  if (number < 0 || number >= static_cast<std::int64_t>(count)) {
    reject(name, fmt::format("is {}; expected a number from 0 to {}", value.dump(), count - 1));
  }
  return static_cast<std::size_t>(number);
}

}  // namespace switchyard::tasks
