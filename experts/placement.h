// Placement: which rank of an expert group hosts which expert. The only place that knows.
#pragma once

namespace switchyard {

// Experts stand on ranks in order, as evenly as they divide: the first num_experts % num_ranks
// ranks host one more.
class Placement {
 public:
  Placement(int num_experts, int num_ranks);

  int num_experts() const { return num_experts_; }
  int num_ranks() const { return num_ranks_; }
  int first_expert(int rank) const;  // of the rank's experts, which are consecutive
  int num_hosted(int rank) const;    // may be 0
  int host(int expert) const;
  int slot(int expert) const { return expert - first_expert(host(expert)); }

 private:
  int num_experts_;
  int num_ranks_;
};

}  // namespace switchyard
