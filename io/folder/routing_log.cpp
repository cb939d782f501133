#include "io/folder/routing_log.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "io/files/durable.h"
#include "io/files/hash.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

namespace fs = std::filesystem;

constexpr char routing_magic[16] = "switchyard rout";  // with its NUL
constexpr std::int32_t routing_version = 0;
constexpr std::size_t hash_digits = 32;
constexpr std::int32_t max_tokens = 1 << 24, max_choices = 1 << 20;

struct FileHeader {
  char magic[16];
  std::int32_t version, unused;
};

struct RecordHeader {
  std::int64_t step, micro_batch;
  std::int32_t layer, tokens, choices, unused;
};

static_assert(std::endian::native == std::endian::little, "records hold little-endian numbers");
static_assert(sizeof(FileHeader) == 24 && sizeof(RecordHeader) == 32);

std::int64_t record_bytes(const RecordHeader& header) {
  return static_cast<std::int64_t>(sizeof header + hash_digits) +
         std::int64_t{header.tokens} * header.choices * 4;
}

durable::File create_log(const fs::path& folder, int attempt, int rank) {
  durable::make_folders(folder);
  const fs::path path = folder / fmt::format("attempt-{:04d}-rank-{:05d}.routing", attempt, rank);
  std::optional<durable::File> file = durable::File::create(path);
  require(file.has_value(), Exit::usage,
          "router.record: {} is there already: name a folder that no other run recorded into",
          path.string());
  return std::move(*file);
}

template <class T>
bool read_whole(const durable::File& file, std::int64_t offset, T& out) {
  return file.read_at(offset, std::as_writable_bytes(std::span(&out, 1))) == sizeof out;
}

}  // namespace

RoutingLogWriter::RoutingLogWriter(const fs::path& folder, int attempt, int rank)
    : file_(create_log(folder, attempt, rank)) {
  FileHeader header{{}, routing_version, 0};
  std::memcpy(header.magic, routing_magic, sizeof routing_magic);
  file_.write({reinterpret_cast<const char*>(&header), sizeof header});
}

void RoutingLogWriter::append(const RoutingKey& key, RoutingShape shape,
                              std::span<const std::int32_t> experts) {
  const RecordHeader header{key.step, key.micro_batch, key.layer, shape.tokens, shape.choices, 0};
  const std::size_t body = sizeof header + experts.size_bytes();
  require(record_bytes(header) == static_cast<std::int64_t>(body + hash_digits),
          "{} experts for {} tokens with {} choices", experts.size(), shape.tokens, shape.choices);
  record_.resize(body + hash_digits);
  std::memcpy(record_.data(), &header, sizeof header);
  std::memcpy(record_.data() + sizeof header, experts.data(), experts.size_bytes());
  const std::string hash = content_hash(std::string_view(record_.data(), body)).hex();
  std::copy_n(hash.data(), hash_digits, record_.data() + body);
  file_.write({record_.data(), record_.size()});
}

RoutingLogReader::RoutingLogReader(const fs::path& folder) : folder_(folder) {
  std::vector<fs::path> paths;
  if (fs::is_directory(folder)) {
    for (const auto& entry : fs::directory_iterator(folder)) {
      if (entry.path().extension() == ".routing") paths.push_back(entry.path());
    }
  }
  require(!paths.empty(), Exit::data, "router.replay: {} holds no recorded routing",
          folder.string());
  std::sort(paths.begin(), paths.end());  // later attempts last
  for (const fs::path& path : paths) {
    files_.push_back(durable::File::open_for_reading(path));
    index(files_.size() - 1);
  }
}

void RoutingLogReader::index(std::size_t number) {
  const durable::File& file = files_[number];
  FileHeader header;
  const bool whole = read_whole(file, 0, header);
  require(!whole || (std::memcmp(header.magic, routing_magic, sizeof routing_magic) == 0 &&
                     header.version == routing_version),
          Exit::data, "{} is no recorded routing of version {}", file.path().string(),
          routing_version);
  const std::int64_t end = file.size();
  RecordHeader record;
  for (std::int64_t at = sizeof header; read_whole(file, at, record); at += record_bytes(record)) {
    const bool possible = record.tokens >= 0 && record.tokens <= max_tokens &&
                          record.choices >= 0 && record.choices <= max_choices;
    require(possible, Exit::data, "{}: the record at byte {} is damaged", file.path().string(), at);
    if (at + record_bytes(record) > end) break;  // torn
    places_[{record.step, record.micro_batch, record.layer}] = {number, at};
  }
}

std::vector<RoutingKey> RoutingLogReader::keys() const {
  std::vector<RoutingKey> keys;
  for (const auto& [key, place] : places_) keys.push_back(key);
  return keys;
}

RoutingShape RoutingLogReader::shape_of(const RoutingKey& key) const {
  const Place& place = places_.at(key);
  RecordHeader header{};
  read_whole(files_[place.file], place.offset, header);
  return {header.tokens, header.choices};
}

void RoutingLogReader::read(const RoutingKey& key, RoutingShape shape,
                            std::span<std::int32_t> experts) const {
  const auto found = places_.find(key);
  require(found != places_.end(), Exit::data,
          "router.replay: {} holds no experts for step {}, layer {}, micro-batch {}",
          folder_.string(), key.step, key.layer, key.micro_batch);
  const durable::File& file = files_[found->second.file];
  const std::int64_t at = found->second.offset;
  RecordHeader header{};
  read_whole(file, at, header);
  require(RoutingShape{header.tokens, header.choices} == shape, Exit::data,
          "router.replay: {} has {} tokens with {} experts each in step {}, this run {} with {}: "
          "the batch, the sequence length or router.top_k differ",
          file.path().string(), header.tokens, header.choices, key.step, shape.tokens,
          shape.choices);
  std::vector<std::byte> bytes(static_cast<std::size_t>(record_bytes(header)));
  file.read_at(at, bytes);
  const std::size_t body = bytes.size() - hash_digits;
  const std::string hash = content_hash(std::span<const std::byte>(bytes).first(body)).hex();
  require(std::memcmp(hash.data(), bytes.data() + body, hash_digits) == 0, Exit::data,
          "{}: the record at byte {} is damaged", file.path().string(), at);
  std::memcpy(experts.data(), bytes.data() + sizeof header, experts.size_bytes());
}

}  // namespace switchyard
