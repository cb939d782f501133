// The ranks and nodes of a planned run, from what the user gives of them.
#pragma once

namespace switchyard::plan {

struct PlanLayout {
  int ranks = 0, nodes = 0, ranks_per_node = 0;  // ranks = nodes * ranks_per_node
};

// asked: 0 where the user gives nothing. here: what the command runs on, which fills the gaps; its
// nodes may differ in size. Errors: Exit::usage if the ranks do not spread evenly over the nodes,
// or the numbers contradict each other.
PlanLayout complete_layout(const PlanLayout& asked, const PlanLayout& here);

}  // namespace switchyard::plan
