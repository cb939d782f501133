#include "io/local/file_rebuilder.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <thread>
#include <utility>

#include "io/checkpoint/checkpoint_format.h"
#include "io/folder/committed_folder.h"
#include "io/folder/raw_file_writer.h"
#include "runtime/comm/agree.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t piece_bytes = std::int64_t{4} << 20;  // of each file in one round

ParityLayout layout_of_set(const LocalInventory& inventory, const RedundancySet& set) {
  std::vector<std::int64_t> bytes;
  for (const SetMember& member : set) {
    const FileEntry* const file = inventory.find(member.data);
    bytes.push_back(file == nullptr ? 0 : file->bytes);
  }
  return ParityLayout(std::move(bytes));
}

// The pieces that a lost file is made of, from its first byte to its last.
std::vector<XorTarget> pieces_of(const LocalInventory& inventory, const LostFile& lost) {
  const RedundancySet& set = inventory.sets[lost.set];
  const ParityLayout layout = layout_of_set(inventory, set);
  std::vector<XorTarget> pieces;
  const auto add = [&](XorTarget& target, const std::string& file, ElementRange part,
                       std::int64_t begin, std::int64_t bytes) {
    const std::int64_t first = std::min(part.end, part.begin + begin);
    target.sources.push_back(
        {inventory.holder_of(file), file, {first, std::min(part.end, first + bytes)}});
  };
  for (int keeper = 0; keeper < layout.num_members(); ++keeper) {
    if (keeper == lost.member) continue;
    const std::int64_t total = layout.part(lost.member, keeper).size();
    for (std::int64_t begin = 0; begin < total; begin += piece_bytes) {
      const std::int64_t bytes = std::min(piece_bytes, total - begin);
      XorTarget target{lost.writer, lost.name, {}};
      add(target, set[std::size_t(keeper)].parity, {0, layout.parity_bytes(keeper)}, begin, bytes);
      for (int other = 0; other < layout.num_members(); ++other) {
        if (other == keeper || other == lost.member) continue;
        if (set[std::size_t(other)].data.empty()) continue;
        add(target, set[std::size_t(other)].data, layout.part(other, keeper), begin, bytes);
      }
      pieces.push_back(std::move(target));
    }
  }
  return pieces;
}

// The files of all members but `without` that no rank has a good copy of.
std::vector<std::string> missing_of(const LocalInventory& inventory, const RedundancySet& set,
                                    int without) {
  std::vector<std::string> missing;
  for (int i = 0; i < std::ssize(set); ++i) {
    if (i == without) continue;
    const SetMember& member = set[std::size_t(i)];
    for (const std::string& file : {member.data, member.parity}) {
      if (!file.empty() && inventory.holder_of(file) < 0) missing.push_back(file);
    }
  }
  return missing;
}

}  // namespace

std::vector<LostFile> find_lost_files(const LocalInventory& inventory, int num_ranks) {
  std::vector<LostFile> lost;
  for (std::size_t set = 0; set < inventory.sets.size(); ++set) {
    const RedundancySet& members = inventory.sets[set];
    for (int i = 0; i < std::ssize(members); ++i) {
      const std::string& name = members[std::size_t(i)].data;
      if (name.empty() || inventory.holder_of(name) >= 0) continue;
      lost.push_back({name, static_cast<int>(std::ssize(lost) % num_ranks), set, i});
    }
  }
  return lost;
}

std::string why_beyond_repair(const LocalInventory& inventory, const std::vector<LostFile>& lost) {
  for (const LostFile& file : lost) {
    const RedundancySet& set = inventory.sets[file.set];
    if (set.size() == 1) return fmt::format("{} is lost or damaged, and had no copy", file.name);
    const auto missing = missing_of(inventory, set, file.member);
    if (!missing.empty()) {
      return fmt::format("{} and {} of one set are lost or damaged", file.name,
                         fmt::join(missing, ", "));
    }
  }
  for (const FileEntry& file : inventory.checkpoint_files()) {
    const bool rebuilt = std::ranges::find(lost, file.name, &LostFile::name) != lost.end();
    if (!rebuilt && inventory.holder_of(file.name) < 0) {
      return fmt::format("{} is lost or damaged on every node", file.name);
    }
  }
  return "";
}

void rebuild_files(const LocalInventory& inventory, const std::vector<LostFile>& lost,
                   const fs::path& from, const fs::path& to, Comm& world) {
  std::vector<std::vector<XorTarget>> pieces;  // [lost][round]
  std::size_t num_rounds = 0;
  for (const LostFile& file : lost) {
    pieces.push_back(pieces_of(inventory, file));
    num_rounds = std::max(num_rounds, pieces.back().size());
  }
  XorExchange exchange(from, world);
  std::map<std::string, RawFileWriter> files;
  const auto write = [&](const XorTarget& target, std::span<const std::byte> bytes) {
    files.try_emplace(target.file, to / target.file, "bytes", checkpoint_chunk_bytes)
        .first->second.append(bytes);
  };
  for (std::size_t round = 0; round < num_rounds; ++round) {
    agree(world, [&] {
      std::vector<XorTarget> targets;
      for (const auto& of_file : pieces) {
        if (round < of_file.size()) targets.push_back(of_file[round]);
      }
      exchange.pack(std::move(targets));
    });
    exchange.start();
    while (!exchange.arrived()) std::this_thread::yield();
    agree(world, [&] { exchange.unpack(write); });
  }
  agree(world, [&] {
    for (auto& [name, file] : files) {
      file.finish();
      check_every_byte(to, *inventory.find(name));
    }
  });
}

}  // namespace switchyard
