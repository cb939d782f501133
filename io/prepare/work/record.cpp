#include "io/prepare/work/record.h"

#include <cstring>
#include <tuple>
#include <type_traits>

#include "runtime/error.h"

namespace switchyard::prepare {
namespace {

template <class T>
void put(const T& value, std::string& out) {
  static_assert(std::has_unique_object_representations_v<T>);
  out.append(reinterpret_cast<const char*>(&value), sizeof(T));
}

void put_text(const std::string& text, std::string& out) {
  put(static_cast<std::uint32_t>(text.size()), out);
  out += text;
}

class Parser {
 public:
  explicit Parser(std::string_view bytes) : rest_(bytes) {}

  bool done() const { return rest_.empty(); }

  template <class T>
  T take() {
    T value;
    std::memcpy(&value, take_bytes(sizeof(T)).data(), sizeof(T));
    return value;
  }

  std::string take_text() { return std::string(take_bytes(take<std::uint32_t>())); }

 private:
  std::string_view take_bytes(std::size_t count) {
    require(count <= rest_.size(), Exit::data, "a record of a work file is cut short");
    const std::string_view bytes = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return bytes;
  }

  std::string_view rest_;
};

}  // namespace

bool operator<(const DocumentRecord& a, const DocumentRecord& b) {
  return std::tie(a.at.hash, a.id, a.file, a.position) <
         std::tie(b.at.hash, b.id, b.file, b.position);
}

void append_record(const DocumentRecord& record, std::string& out) {
  put(record.at, out);
  put(record.position, out);
  put(record.file, out);
  put(record.source, out);
  put(static_cast<std::uint8_t>(record.reason), out);
  for (const auto* text : {&record.id, &record.url, &record.meta, &record.detail}) {
    put_text(*text, out);
  }
  put(static_cast<std::uint32_t>(record.band_keys.size()), out);
  for (const std::uint64_t key : record.band_keys) put(key, out);
}

std::vector<DocumentRecord> parse_records(std::string_view bytes) {
  std::vector<DocumentRecord> records;
  Parser in(bytes);
  while (!in.done()) {
    DocumentRecord& record = records.emplace_back();
    record.at = in.take<Locator>();
    record.position = in.take<std::int64_t>();
    record.file = in.take<std::int32_t>();
    record.source = in.take<std::int32_t>();
    record.reason = static_cast<RemovalReason>(in.take<std::uint8_t>());
    for (auto* text : {&record.id, &record.url, &record.meta, &record.detail}) {
      *text = in.take_text();
    }
    for (auto count = in.take<std::uint32_t>(); count > 0; --count) {
      record.band_keys.push_back(in.take<std::uint64_t>());
    }
  }
  return records;
}

}  // namespace switchyard::prepare
