#include "io/prepare/input/documents.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <string_view>
#include <utility>
#include <variant>

#include "io/prepare/input/byte_source.h"
#include "io/prepare/input/json_line.h"
#include "io/prepare/input/line_reader.h"
#include "io/text/unicode.h"

namespace switchyard::prepare {
namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
constexpr std::string_view instead_of_nul = "\xEF\xBF\xBD";  // U+FFFD

void drop_byte_order_mark(std::string& text) {
  if (text.starts_with(byte_order_mark)) text.erase(0, byte_order_mark.size());
}

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
  PartReader(const InputFile& file, const FilePart& part, const std::string& text_field,
             Problems& problems, const std::function<void(Document&&)>& each)
      : file_(file),
        part_(part),
        text_field_(text_field),
        problems_(problems),
        each_(each),
        compression_(compression_of(file.path)) {}

  std::int64_t read_text() {
    const auto source = decompress(open_file(file_.path), compression_);
    std::string text;
    constexpr std::size_t most = static_cast<std::size_t>(largest_document_bytes) + 1;
    for (std::size_t size = 0, more = 1; more > 0 && size < most; size += more) {
      text.resize(std::min(most, std::max(2 * size, std::size_t{64} << 10)));
      more = source->read(std::span(text).subspan(size));
      if (more == 0) text.resize(size);
    }
    const Place whole_file;
    if (source->damage()) {
      problems_.add(*source->damage(), file_.path, whole_file);
      return 0;
    }
    drop_byte_order_mark(text);
    Repairs repairs;
    repairs.apply(text);
    JsonLine fields;
    fields.text = std::move(text);
    deliver(std::move(fields), repairs, whole_file);
    return 1;
  }

  std::int64_t read_lines() {
    const bool whole = compression_ != Compression::none;
    const std::int64_t begin = whole ? 0 : part_.begin;
    const std::int64_t end = whole ? std::numeric_limits<std::int64_t>::max() : part_.end;
    const std::int64_t opened_at = std::max(begin - 1, std::int64_t{0});
    const auto source = decompress(open_file(file_.path, opened_at), compression_);
    LineReader lines(*source, opened_at, end, largest_document_bytes);
    if (begin > 0) lines.skip_line();

    Line line;
    Place place{.part_begin = begin};
    std::int64_t num_documents = 0;
    while (lines.next(line)) {
      ++place.line;
      place.byte = line.position;
      if (line.position == 0) drop_byte_order_mark(line.text);
      if (!line.too_large && is_blank(line.text)) continue;
      ++num_documents;
      read_line(line, place);
    }
    finish(*source, line.position, place.line);
    return num_documents;
  }

 private:
  void finish(const ByteSource& source, std::int64_t position, std::int64_t num_lines) {
    if (const auto damage = source.damage()) {
      const Place place{position, part_.begin, num_lines + 1};
      problems_.add(*damage, file_.path, position > 0 ? place : Place());
    }
    const bool was_cut = part_.begin > 0 || part_.end < file_.bytes;
    if (was_cut) problems_.add_part(file_.path, part_.begin, part_.end, num_lines);
  }

  void read_line(Line& line, const Place& place) {
    if (line.too_large) return problems_.add(Problem::too_large, file_.path, place);
    Repairs repairs;
    repairs.apply(line.text);
    auto parsed = read_json_line(line.text, text_field_);
    if (const auto* problem = std::get_if<Problem>(&parsed)) {
      return problems_.add(*problem, file_.path, place);
    }
    auto& fields = std::get<JsonLine>(parsed);
    for (std::string* field : {&fields.text, &fields.id, &fields.url}) {
      repairs.nul_bytes |= replace_nuls(*field);  // it may have been \u0000
    }
    deliver(std::move(fields), repairs, place);
  }

  void deliver(JsonLine&& fields, const Repairs& repairs, const Place& place) {
    const std::string& text = fields.text;
    if (std::ssize(text) > largest_document_bytes) {
      return problems_.add(Problem::too_large, file_.path, place);
    }
    if (is_blank(text)) return problems_.add(Problem::empty_document, file_.path, place);
    if (repairs.invalid_utf8) problems_.add(Problem::invalid_utf8, file_.path, place);
    if (repairs.nul_bytes) problems_.add(Problem::nul_bytes, file_.path, place);
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
  const std::string& text_field_;
  Problems& problems_;
  const std::function<void(Document&&)>& each_;
  Compression compression_;
};

}  // namespace

std::int64_t read_documents(const InputFile& file, const FilePart& part,
                            const std::string& text_field, Problems& problems,
                            const std::function<void(Document&&)>& each) {
  PartReader reader(file, part, text_field, problems, each);
  return holds_lines(file.path) ? reader.read_lines() : reader.read_text();
}

}  // namespace switchyard::prepare
