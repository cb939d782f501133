#include "io/local/parity_maker.h"

#include <algorithm>
#include <utility>

#include "io/checkpoint/checkpoint_format.h"
#include "io/files/durable.h"
#include "io/folder/committed_folder.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

bool has_member(const RedundancySet& set, int rank) {
  return std::any_of(set.begin(), set.end(), [&](const auto& one) { return one.rank == rank; });
}

std::vector<std::int64_t> gather(Comm& comm, std::int64_t value) {
  std::vector<std::int64_t> all(static_cast<std::size_t>(comm.size()));
  Stream stream = Stream::cpu(1);
  comm.all_gather(tensor_of(&value, {1}), tensor_of(all.data(), {std::ssize(all)}), stream);
  return all;
}

ParityLayout layout_of(const RedundancySet& set, const std::vector<std::int64_t>& bytes_of_rank) {
  std::vector<std::int64_t> bytes;
  for (const SetMember& member : set) {
    bytes.push_back(member.data.empty() ? 0 : bytes_of_rank.at(std::size_t(member.rank)));
  }
  return ParityLayout(std::move(bytes));
}

ElementRange piece_of(ElementRange part, std::int64_t begin, std::int64_t bytes) {
  const std::int64_t first = std::min(part.end, part.begin + begin);
  return {first, std::min(part.end, first + bytes)};
}

}  // namespace

ParityMaker::ParityMaker(std::filesystem::path folder, std::vector<RedundancySet> sets,
                         std::int64_t my_bytes, Comm& comm, WritePace& pace)
    : folder_(folder), rank_(comm.rank()), exchange_(std::move(folder), comm), pace_(pace) {
  const std::vector<std::int64_t> bytes_of_rank = gather(comm, my_bytes);
  std::int64_t longest = 0, max_members = 2;
  for (RedundancySet& set : sets) {
    ParityLayout layout = layout_of(set, bytes_of_rank);
    for (int i = 0; i < layout.num_members(); ++i) {
      longest = std::max(longest, layout.parity_bytes(i));
    }
    max_members = std::max<std::int64_t>(max_members, layout.num_members());
    if (!has_member(set, rank_) || layout.num_members() == 1) continue;
    sets_.push_back(std::move(set));
    layouts_.push_back(std::move(layout));
  }
  round_bytes_ = parity_bytes_to_send_at_once / (max_members - 1);
  num_rounds_ = (longest + round_bytes_ - 1) / round_bytes_;
}

std::vector<XorTarget> ParityMaker::targets(std::int64_t round) const {
  std::vector<XorTarget> targets;
  for (std::size_t i = 0; i < sets_.size(); ++i) {
    const RedundancySet& set = sets_[i];
    for (int keeper = 0; keeper < std::ssize(set); ++keeper) {
      XorTarget target{set[std::size_t(keeper)].rank, set[std::size_t(keeper)].parity, {}};
      for (int member = 0; member < std::ssize(set); ++member) {
        if (member == keeper) continue;
        const ElementRange part = layouts_[i].part(member, keeper);
        target.sources.push_back({set[std::size_t(member)].rank, set[std::size_t(member)].data,
                                  piece_of(part, round * round_bytes_, round_bytes_)});
      }
      targets.push_back(std::move(target));
    }
  }
  return targets;
}

void ParityMaker::keep(const XorTarget& target, std::span<const std::byte> bytes) {
  auto file = files_.find(target.file);
  if (file == files_.end()) {
    const std::filesystem::path path = folder_ / target.file;
    durable::remove_tree(path);  // what a failed save of this attempt left behind
    file = files_.try_emplace(target.file, path, "parity", checkpoint_chunk_bytes).first;
  }
  file->second.append(bytes);
  pace_.wrote(std::ssize(bytes));
}

void ParityMaker::work() {
  if (round_ > 0) {
    exchange_.unpack([this](const auto& target, auto bytes) { keep(target, bytes); });
  }
  if (round_ < num_rounds_) {
    exchange_.pack(targets(round_));
  } else {
    for (auto& [name, file] : files_) {
      entries_.push_back(file.finish());
      read_back(folder_, entries_.back());
    }
  }
  ++round_;
}

}  // namespace switchyard
