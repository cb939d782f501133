// ParityMaker: makes the parity of a node-local checkpoint once each rank has written its file: in
// rounds, the ranks send each other pieces and keep what they join.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "io/files/write_pace.h"
#include "io/folder/raw_file_writer.h"
#include "io/local/redundancy_sets.h"
#include "io/local/xor_exchange.h"
#include "runtime/comm/comm.h"

namespace switchyard {

// The memory of a rank that makes parity: what a round sends and receives, and the joined part.
inline constexpr std::int64_t parity_bytes_to_send_at_once = std::int64_t{32} << 20;
inline constexpr std::int64_t parity_memory_bytes = 3 * parity_bytes_to_send_at_once;

// First comes work(); then, num_rounds() times, start(), waiting until the pieces arrived(), and
// work(). The last work() has nothing to send.
class ParityMaker {
 public:
  // Collective. my_bytes: the size of this rank's file in `folder`. The caller keeps comm and pace.
  ParityMaker(std::filesystem::path folder, std::vector<RedundancySet> sets, std::int64_t my_bytes,
              Comm& comm, WritePace& pace);

  // Calls no MPI: keeps what arrived, and reads what goes next. Errors: Exit::storage, Exit::data.
  void work();
  std::int64_t num_rounds() const { return num_rounds_; }  // the same on all ranks
  void start() { exchange_.start(); }                      // Collective.
  bool arrived() { return exchange_.arrived(); }

  // After the last work(): the files that this rank keeps, fsynced and read back.
  const std::vector<FileEntry>& entries() const { return entries_; }

 private:
  std::vector<XorTarget> targets(std::int64_t round) const;
  void keep(const XorTarget& target, std::span<const std::byte> bytes);

  std::filesystem::path folder_;
  std::vector<RedundancySet> sets_;  // that this rank is a member of
  std::vector<ParityLayout> layouts_;
  int rank_;
  XorExchange exchange_;
  WritePace& pace_;
  std::map<std::string, RawFileWriter> files_;
  std::vector<FileEntry> entries_;
  std::int64_t round_ = 0, num_rounds_ = 0, round_bytes_ = 0;
};

}  // namespace switchyard
