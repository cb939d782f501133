#include "launch/run/event_file.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <array>
#include <bit>

#include "io/files/durable.h"

namespace switchyard {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::uint32_t, 256> crc32c_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    table[i] = i;
    for (int bit = 0; bit < 8; ++bit) {
      table[i] = (table[i] >> 1) ^ ((table[i] & 1) != 0 ? 0x82F63B78U : 0U);
    }
  }
  return table;
}

template <class Unsigned>
void put_little_endian(std::string& out, Unsigned value) {
  for (std::size_t i = 0; i < sizeof value; ++i) out += static_cast<char>(value >> (8 * i) & 0xFF);
}

// In protocol buffers a field is its number and wire type, followed by its value.
enum Wire : std::uint64_t { varint = 0, fixed64 = 1, sized = 2, fixed32 = 5 };

void put_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  out += static_cast<char>(value);
}
void put_key(std::string& out, std::uint64_t field, Wire wire) {
  put_varint(out, field << 3 | wire);
}
void put_sized(std::string& out, std::uint64_t field, std::string_view bytes) {
  put_key(out, field, sized);
  put_varint(out, bytes.size());
  out += bytes;
}

// Field numbers of tensorboard/compat/proto/{event,summary}.proto.
constexpr std::uint64_t event_wall_time = 1, event_step = 2, event_version = 3, event_summary = 5,
                        event_session = 7;
constexpr std::uint64_t session_status = 1, session_started = 1;
constexpr std::uint64_t summary_value = 1, value_tag = 1, value_simple = 2;

std::string event_at(double seconds, std::int64_t step) {
  std::string event;
  put_key(event, event_wall_time, fixed64);
  put_little_endian(event, std::bit_cast<std::uint64_t>(seconds));
  if (step == 0) return event;  // a default is left out
  put_key(event, event_step, varint);
  put_varint(event, static_cast<std::uint64_t>(step));
  return event;
}

std::string record_of(const std::string& event) {
  std::string record;
  put_little_endian(record, static_cast<std::uint64_t>(event.size()));
  put_little_endian(record, masked_crc32c(record));
  record += event;
  put_little_endian(record, masked_crc32c(event));
  return record;
}

}  // namespace

std::uint32_t masked_crc32c(std::string_view bytes) {
  static constexpr auto table = crc32c_table();
  std::uint32_t crc = 0xFFFFFFFF;
  for (const char byte : bytes) {
    crc = (crc >> 8) ^ table[(crc ^ static_cast<unsigned char>(byte)) & 0xFF];
  }
  return std::rotr(~crc, 15) + 0xA282EAD8;
}

std::string event_file_version(double seconds) {
  std::string event = event_at(seconds, 0);
  put_sized(event, event_version, "brain.Event:2");
  return record_of(event);
}

std::string event_start(double seconds, std::int64_t step) {
  std::string session;
  put_key(session, session_status, varint);
  put_varint(session, session_started);
  std::string event = event_at(seconds, step);
  put_sized(event, event_session, session);
  return record_of(event);
}

std::string event_scalars(double seconds, std::int64_t step, const std::vector<Scalar>& scalars) {
  std::string summary;
  for (const Scalar& scalar : scalars) {
    std::string value;
    put_sized(value, value_tag, scalar.tag);
    put_key(value, value_simple, fixed32);
    put_little_endian(value, std::bit_cast<std::uint32_t>(static_cast<float>(scalar.value)));
    put_sized(summary, summary_value, value);
  }
  std::string event = event_at(seconds, step);
  put_sized(event, event_summary, summary);
  return record_of(event);
}

EventFile::EventFile(const fs::path& folder, const std::string& suffix, double seconds,
                     std::int64_t step)
    : file_(
          (durable::make_folders(folder),
           durable::File::open_for_writing(
               folder / fmt::format("events.out.tfevents.{:.0f}.{}", seconds, suffix), O_TRUNC))) {
  append(event_file_version(seconds) + event_start(seconds, step));
}

}  // namespace switchyard
