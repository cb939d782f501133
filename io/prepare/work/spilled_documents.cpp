#include "io/prepare/work/spilled_documents.h"

#include <algorithm>

#include "io/prepare/input/tally.h"

namespace switchyard::prepare {

SpilledDocuments::SpilledDocuments(const Job& job, std::int64_t cache_bytes)
    : num_partitions_(job.partitions.count()),
      num_sources_(job.partitions.num_sources()),
      cache_bytes_(cache_bytes) {
  for (std::int64_t unit = 0; unit < std::ssize(job.inputs.units); ++unit) {
    units_.emplace_back(job.file("unit", unit));
  }
}

std::int64_t SpilledDocuments::num_records(int partition) const {
  std::int64_t count = 0;
  for (const SpillReader& unit : units_) {
    count += unit.num_records(record_partition(partition, num_partitions_));
  }
  return count;
}

std::int64_t SpilledDocuments::text_bytes() const {
  std::int64_t sum = 0;
  for (const SpillReader& unit : units_) {
    for (const SpillReader::Block& block : unit.blocks()) {
      sum += block.partition < num_partitions_ ? block.bytes : 0;
    }
  }
  return sum;
}

std::vector<DocumentRecord> SpilledDocuments::records(int partition) const {
  std::string bytes;
  for (const SpillReader& unit : units_) {
    bytes += unit.read_partition(record_partition(partition, num_partitions_));
  }
  std::vector<DocumentRecord> records = parse_records(bytes);
  std::sort(records.begin(), records.end());
  return records;
}

std::string_view SpilledDocuments::text(const Locator& at) {
  const std::string_view all = block({at.unit, at.place.block});
  return all.substr(at.place.offset, at.text_bytes);
}

const std::string& SpilledDocuments::block(const BlockName& name) {
  const std::uint64_t key = std::uint64_t{name.first} << 32 | name.second;
  const auto found = places_.find(key);
  if (found != places_.end()) {
    cache_.splice(cache_.begin(), cache_, found->second);
    return cache_.front().bytes;
  }
  cache_.push_front({name, units_.at(name.first).read(name.second)});
  places_[key] = cache_.begin();
  cached_bytes_ += std::ssize(cache_.front().bytes);
  while (cached_bytes_ > cache_bytes_ && cache_.size() > 1) {
    const Cached& last = cache_.back();
    cached_bytes_ -= std::ssize(last.bytes);
    places_.erase(std::uint64_t{last.name.first} << 32 | last.name.second);
    cache_.pop_back();
  }
  return cache_.front().bytes;
}

SpilledDocuments::ReadTally SpilledDocuments::tally() const {
  ReadTally sum;
  sum.sources.resize(static_cast<std::size_t>(num_sources_));
  for (const SpillReader& unit : units_) {
    const auto one = nlohmann::json::parse(unit.read_partition(tally_partition(num_partitions_)));
    add_tally(sum.sources.at(one.at("source").get<std::size_t>()), one.at("counts"));
    sum.problems.merge(Problems::from_state(one.at("problems")));
    sum.hash.high += one.at("hash").at(0).get<std::uint64_t>();
    sum.hash.low += one.at("hash").at(1).get<std::uint64_t>();
  }
  return sum;
}

}  // namespace switchyard::prepare
