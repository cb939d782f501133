#include "io/local/redundancy_sets.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "io/checkpoint/checkpoint_format.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

// The sets of nodes [first, last).
void add_sets(const std::vector<std::vector<int>>& ranks, std::size_t first, std::size_t last,
              std::vector<RedundancySet>& sets) {
  std::size_t max_ranks = 0;
  for (std::size_t node = first; node < last; ++node)
    max_ranks = std::max(max_ranks, ranks[node].size());
  for (std::size_t k = 0; k < max_ranks; ++k) {
    RedundancySet set;
    for (std::size_t node = first; node < last; ++node) {
      const std::vector<int>& mine = ranks[node];
      SetMember member{mine[k % mine.size()], "", ""};
      if (k < mine.size()) member.data = rank_file_name(member.rank);
      if (last - first > 1) member.parity = parity_file_name(std::ssize(sets), std::ssize(set));
      set.push_back(std::move(member));
    }
    sets.push_back(std::move(set));
  }
}

}  // namespace

std::vector<RedundancySet> make_redundancy_sets(const std::vector<std::vector<int>>& ranks,
                                                int set_nodes) {
  require(set_nodes >= 2, "a redundancy set has at least 2 nodes, not {}", set_nodes);
  const std::size_t num_nodes = ranks.size();
  const std::size_t num_groups =
      std::max<std::size_t>(1, num_nodes / static_cast<std::size_t>(set_nodes));
  std::vector<RedundancySet> sets;
  for (std::size_t group = 0; group < num_groups; ++group) {
    add_sets(ranks, group * num_nodes / num_groups, (group + 1) * num_nodes / num_groups, sets);
  }
  return sets;
}

nlohmann::json json_of(const std::vector<RedundancySet>& sets) {
  nlohmann::json list = nlohmann::json::array();
  for (const RedundancySet& set : sets) {
    nlohmann::json members = nlohmann::json::array();
    for (const SetMember& member : set) {
      members.push_back({{"rank", member.rank}, {"data", member.data}, {"parity", member.parity}});
    }
    list.push_back(std::move(members));
  }
  return list;
}

std::vector<RedundancySet> redundancy_sets_of(const nlohmann::json& list) {
  std::vector<RedundancySet> sets;
  try {
    for (const nlohmann::json& members : list) {
      RedundancySet set;
      for (const nlohmann::json& member : members) {
        set.push_back({member.at("rank").get<int>(), member.at("data").get<std::string>(),
                       member.at("parity").get<std::string>()});
      }
      sets.push_back(std::move(set));
    }
  } catch (const nlohmann::json::exception& error) {
    fail(Exit::data, "its redundancy sets are malformed: {}", error.what());
  }
  return sets;
}

ParityLayout::ParityLayout(std::vector<std::int64_t> data_bytes)
    : data_bytes_(std::move(data_bytes)) {
  const std::int64_t others = num_members() - 1;
  if (others == 0) return;
  part_bytes_ = (*std::max_element(data_bytes_.begin(), data_bytes_.end()) + others - 1) / others;
}

ElementRange ParityLayout::part(int member, int keeper) const {
  require(member != keeper, "member {} keeps no parity of itself", member);
  const std::int64_t index = keeper < member ? keeper : keeper - 1;
  const std::int64_t bytes = data_bytes_.at(static_cast<std::size_t>(member));
  return {std::min(bytes, index * part_bytes_), std::min(bytes, (index + 1) * part_bytes_)};
}

std::int64_t ParityLayout::parity_bytes(int keeper) const {
  std::int64_t bytes = 0;
  for (int member = 0; member < num_members(); ++member) {
    if (member != keeper) bytes = std::max(bytes, part(member, keeper).size());
  }
  return bytes;
}

}  // namespace switchyard
