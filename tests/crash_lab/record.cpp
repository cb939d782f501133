#include "tests/crash_lab/record.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string_view>

#include "runtime/error.h"

namespace switchyard::crash_lab {
namespace {

void put(std::string& out, std::int64_t value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}
void put(std::string& out, const std::string& text) {
  put(out, std::ssize(text));
  out += text;
}

std::int64_t take_number(std::string_view& in) {
  std::int64_t value = 0;
  require(in.size() >= sizeof value, "a recording is torn");
  std::memcpy(&value, in.data(), sizeof value);
  in.remove_prefix(sizeof value);
  return value;
}
std::string take_text(std::string_view& in) {
  const auto size = static_cast<std::size_t>(take_number(in));
  require(in.size() >= size, "a recording is torn");
  std::string text(in.substr(0, size));
  in.remove_prefix(size);
  return text;
}

std::vector<std::filesystem::path> logs_of(const std::string& folder) {
  std::vector<std::filesystem::path> logs;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".log") logs.push_back(entry.path());
  }
  return logs;
}

std::vector<Record> read_log(const std::filesystem::path& log) {
  std::ifstream file(log, std::ios::binary);
  const std::string all{std::istreambuf_iterator<char>(file), {}};
  std::vector<Record> records;
  for (std::string_view rest = all; !rest.empty();) {
    Record record;
    record.number = take_number(rest);
    record.operation = static_cast<Operation>(take_number(rest));
    record.offset = take_number(rest);
    record.path = take_text(rest);
    record.to = take_text(rest);
    record.bytes = take_text(rest);
    records.push_back(std::move(record));
  }
  return records;
}

}  // namespace

std::string encoded(const Record& record) {
  std::string out;
  put(out, record.number);
  put(out, static_cast<std::int64_t>(record.operation));
  put(out, record.offset);
  put(out, record.path);
  put(out, record.to);
  put(out, record.bytes);
  return out;
}

std::vector<Record> read_recording(const std::string& folder) {
  std::vector<Record> records;
  for (const auto& log : logs_of(folder)) {
    for (Record& record : read_log(log)) records.push_back(std::move(record));
  }
  std::sort(records.begin(), records.end(),
            [](const Record& a, const Record& b) { return a.number < b.number; });
  return records;
}

std::int64_t max_operations(const std::string& folder) {
  std::int64_t most = 0;
  for (const auto& log : logs_of(folder)) {
    const std::vector<Record> records = read_log(log);
    most = std::max<std::int64_t>(
        most, std::count_if(records.begin(), records.end(), [](const Record& record) {
          return record.path.find("/checkpoints") != std::string::npos;
        }));
  }
  return most;
}

}  // namespace switchyard::crash_lab
