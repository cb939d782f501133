#include "io/prepare/input/documents.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <string_view>
#include <utility>
#include <variant>

#include "io/prepare/input/byte_source.h"
#include "io/prepare/input/json_line.h"
#include "io/prepare/input/json_values.h"
#include "io/prepare/input/line_reader.h"
#include "io/prepare/input/text_source.h"
#include "io/text/unicode.h"

namespace switchyard::prepare {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view instead_of_nul = "\xEF\xBF\xBD";  // U+FFFD

// True if there was one.
bool replace_nuls(std::string& text) {
  std::size_t nul = text.find('\0');
  if (nul == std::string::npos) return false;
  std::string replaced;
  std::string_view rest = text;
  for (; nul != std::string_view::npos; nul = rest.find('\0')) {
    replaced.append(rest.substr(0, nul)).append(instead_of_nul);
    rest.remove_prefix(nul + 1);
  }
  text = std::move(replaced.append(rest));
  return true;
}

struct Repairs {
  bool invalid_utf8 = false, nul_bytes = false;

  void apply(std::string& text) {
    invalid_utf8 |= repair_utf8(text);
    nul_bytes |= replace_nuls(text);
  }
};

class PartReader {
 public:
  PartReader(const InputFile& file, const FilePart& part, const TextFields& fields,
             Problems& problems, const std::function<void(Document&&)>& each)
      : file_(file),
        part_(part),
        fields_(fields),
        problems_(problems),
        each_(each),
        shown_(file.name()) {}

  std::int64_t read_text() {
    const auto source = open_text(file_.path).bytes;
    std::string text;
    constexpr std::size_t most = static_cast<std::size_t>(largest_document_bytes) + 1;
    for (std::size_t size = 0, more = 1; more > 0 && size < most; size += more) {
      text.resize(std::min(most, std::max(2 * size, std::size_t{64} << 10)));
      more = source->read(std::span(text).subspan(size));
      if (more == 0) text.resize(size);
    }
    const Place whole_file;
    if (source->damage()) {
      problems_.add(*source->damage(), shown_, whole_file);
      return 0;
    }
    if (source->has_garbage()) problems_.add(Problem::trailing_garbage, shown_, whole_file);
    drop_byte_order_mark(text);
    Repairs repairs;
    repairs.apply(text);
    JsonLine fields;
    fields.text = std::move(text);
    deliver(std::move(fields), repairs, whole_file);
    return 1;
  }

  std::int64_t read_json() {
    auto [source, is_converted] = open_text(file_.path);
    PeekedSource peeked(std::move(source), json_head_bytes);
    if (is_read_by_values(peeked.head(), content_of(file_.path))) {
      JsonValueReader values(peeked, largest_document_bytes);
      return read_all(values, peeked, 0);
    }
    const std::int64_t end = is_converted ? std::numeric_limits<std::int64_t>::max() : part_.end;
    if (is_converted || part_.begin == 0) {
      LineReader lines(peeked, 0, end, largest_document_bytes);
      return read_all(lines, peeked, 0);
    }
    const auto part = open_file(file_.path, part_.begin - 1);
    LineReader lines(*part, part_.begin - 1, end, largest_document_bytes);
    lines.skip_line();
    return read_all(lines, *part, part_.begin);
  }

 private:
  template <class Reader>
  std::int64_t read_all(Reader& reader, const ByteSource& source, std::int64_t part_begin) {
    Line line;
    std::int64_t num_documents = 0, num_lines = 0;
    while (reader.next(line)) {
      num_lines = line.number;
      drop_byte_order_mark(line.text);
      if (!line.too_large && is_blank(line.text)) continue;
      ++num_documents;
      read_line(line, {line.position, part_begin, line.number});
    }
    finish(source, {line.position, part_begin, num_lines + 1});
    const bool is_whole = part_begin == 0 && part_.end >= file_.bytes;
    if (num_documents == 0 && is_whole && !source.damage()) {
      problems_.add(Problem::empty_file, shown_, Place());
    }
    return num_documents;
  }

  // end: behind the last line.
  void finish(const ByteSource& source, const Place& end) {
    if (const auto damage = source.damage()) {
      problems_.add(*damage, shown_, end.byte > 0 ? end : Place());
    }
    if (source.has_garbage()) problems_.add(Problem::trailing_garbage, shown_, Place());
    const bool was_cut = part_.begin > 0 || part_.end < file_.bytes;
    if (was_cut) problems_.add_part(shown_, part_.begin, part_.end, end.line - 1);
  }

  void read_line(Line& line, const Place& place) {
    if (line.too_large) return problems_.add(Problem::too_large, shown_, place);
    Repairs repairs;
    repairs.apply(line.text);
    auto parsed = read_json_line(line.text, fields_);
    if (const auto* problem = std::get_if<Problem>(&parsed)) {
      return problems_.add(*problem, shown_, place);
    }
    auto& fields = std::get<JsonLine>(parsed);
    repairs.invalid_utf8 |= fields.had_lone_surrogates;
    for (std::string* field : {&fields.text, &fields.prompt, &fields.id, &fields.url}) {
      repairs.nul_bytes |= replace_nuls(*field);  // it may have been \u0000
    }
    deliver(std::move(fields), repairs, place);
  }

  void deliver(JsonLine&& fields, const Repairs& repairs, const Place& place) {
    if (std::ssize(fields.prompt) + std::ssize(fields.text) > largest_document_bytes) {
      return problems_.add(Problem::too_large, shown_, place);
    }
    if (is_blank(fields.text)) return problems_.add(Problem::empty_document, shown_, place);
    if (!fields.prompt.empty()) {
      add_prompt_bytes(fields.meta, std::ssize(fields.prompt));
      fields.text.insert(0, fields.prompt);
    }
    const std::string& text = fields.text;
    if (repairs.invalid_utf8) problems_.add(Problem::invalid_utf8, shown_, place);
    if (repairs.nul_bytes) problems_.add(Problem::nul_bytes, shown_, place);
    const ContentHash hash = content_hash(text);
    each_({.id = fields.id.empty() ? hash.hex() : std::move(fields.id),
           .text = std::move(fields.text),
           .url = std::move(fields.url),
           .meta = std::move(fields.meta),
           .hash = hash,
           .file = part_.file,
           .position = place.byte});
  }

  const InputFile& file_;
  const FilePart& part_;
  const TextFields& fields_;
  Problems& problems_;
  const std::function<void(Document&&)>& each_;
  fs::path shown_;
};

}  // namespace

std::int64_t read_documents(const InputFile& file, const FilePart& part, const TextFields& fields,
                            Problems& problems, const std::function<void(Document&&)>& each) {
  PartReader reader(file, part, fields, problems, each);
  return content_of(file.path) == Content::text ? reader.read_text() : reader.read_json();
}

}  // namespace switchyard::prepare
