// Redundancy sets: files of a node-local checkpoint from which a lost one can be made again, so
// that any one node of a set may be lost. The scheme is SCR's (Moody, Bronevetsky, Mohror, de
// Supinski: "Design, Modeling, and Evaluation of a Scalable Multi-level Checkpointing System", SC
// 2010): RAID 5 with nodes for disks, the parity spread over all of them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "runtime/params/ownership.h"

namespace switchyard {

// One node's part in a set.
struct SetMember {
  int rank = 0;        // writes both files
  std::string data;    // its checkpoint file; empty: it contributes none
  std::string parity;  // made of the data of the other members; empty: there are none
};
using RedundancySet = std::vector<SetMember>;

// ranks: [nodes], the ranks of each. `set_nodes` neighbouring nodes form sets, and the last
// ones join their neighbours where the number does not divide. The k-th set of some nodes holds the
// files of the k-th rank of each; on a node with fewer ranks, one of them keeps parity for it and
// gives no data.
std::vector<RedundancySet> make_redundancy_sets(const std::vector<std::vector<int>>& ranks,
                                                int set_nodes);

// The form that the manifest of a node-local checkpoint keeps. Errors: Exit::data for anything
// else.
nlohmann::json json_of(const std::vector<RedundancySet>& sets);
std::vector<RedundancySet> redundancy_sets_of(const nlohmann::json& list);

// Which bytes are joined in which parity. With n members a file is cut into n - 1 parts, one for
// each other member to keep: the parity that a member keeps is the XOR of the parts that the others
// have for it. In a set of two the parity is a copy.
class ParityLayout {
 public:
  // [members]; 0: the member gives no data.
  explicit ParityLayout(std::vector<std::int64_t> data_bytes);

  int num_members() const { return static_cast<int>(data_bytes_.size()); }
  // The part of the member's file that the keeper, another member, joins.
  ElementRange part(int member, int keeper) const;
  std::int64_t parity_bytes(int keeper) const;

 private:
  std::vector<std::int64_t> data_bytes_;
  std::int64_t part_bytes_ = 0;  // the part of the largest file
};

}  // namespace switchyard
