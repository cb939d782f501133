// Routing at rest: the experts that gates chose, one record for each (step, layer, micro-batch), so
// that another run can take the same ones on any number of ranks (docs/file-formats.md).
#pragma once

#include <compare>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <vector>

#include "io/files/file.h"

namespace switchyard {

struct RoutingKey {
  std::int64_t step = 0;
  std::int64_t micro_batch = 0;  // index within the step, over all ranks
  std::int32_t layer = 0;
  auto operator<=>(const RoutingKey&) const = default;
};

struct RoutingShape {
  std::int32_t tokens = 0, choices = 0;  // [tokens, choices] experts
  bool operator==(const RoutingShape&) const = default;
};

// Writes what one rank decides in one attempt.
class RoutingLogWriter {
 public:
  // Errors: Exit::usage if this attempt's file is there already: the folder holds another run.
  RoutingLogWriter(const std::filesystem::path& folder, int attempt, int rank);
  // Hands one record to the system before it returns, without fsync: readers ignore a record that a
  // crash tore. experts: row after row, a dropped choice as the complement of its expert.
  void append(const RoutingKey& key, RoutingShape shape, std::span<const std::int32_t> experts);

 private:
  durable::File file_;
  std::vector<char> record_;
};

// All records of a folder. Where several attempts recorded a step, the latest one counts.
class RoutingLogReader {
 public:
  // Reads the records' headers. Errors: Exit::data if the folder holds no log or a damaged one.
  explicit RoutingLogReader(const std::filesystem::path& folder);

  bool holds(const RoutingKey& key) const { return places_.contains(key); }
  std::vector<RoutingKey> keys() const;
  RoutingShape shape_of(const RoutingKey& key) const;  // Requires: the log holds the key.
  // Errors: Exit::data if there is no such record, its shape is another one, or it is damaged.
  void read(const RoutingKey& key, RoutingShape shape, std::span<std::int32_t> experts) const;

 private:
  struct Place {
    std::size_t file;
    std::int64_t offset;  // of the record
  };
  void index(std::size_t file);

  std::filesystem::path folder_;
  std::vector<durable::File> files_;
  std::map<RoutingKey, Place> places_;
};

}  // namespace switchyard
