#include "launch/planning/plan_layout.h"

#include <fmt/format.h>

#include <string>

#include "launch/host/counted.h"
#include "runtime/error.h"

namespace switchyard::plan {
namespace {

constexpr int max_ranks = 1 << 24;

int divided(int ranks, int parts, const std::string& words) {
  const int below = ranks / parts * parts;
  require(ranks % parts == 0, Exit::usage,
          "{} {}, and each node of a job has the same number: use {}{} ranks",
          counted(ranks, "rank"), words, below > 0 ? std::to_string(below) + " or " : "",
          below + parts);
  return ranks / parts;
}

}  // namespace

PlanLayout complete_layout(const PlanLayout& asked, const PlanLayout& here) {
  PlanLayout layout = asked;
  if (layout.nodes > 0 && layout.ranks_per_node > 0) {
    require(layout.ranks_per_node <= max_ranks / layout.nodes, Exit::usage,
            "{} of {} are more than {} ranks", counted(layout.nodes, "node"),
            counted(layout.ranks_per_node, "rank"), max_ranks);
    const int product = layout.nodes * layout.ranks_per_node;
    require(layout.ranks == 0 || layout.ranks == product, Exit::usage,
            "{} of {} are {} ranks, and not --ranks {}: leave one of the three options out",
            counted(layout.nodes, "node"), counted(layout.ranks_per_node, "rank"), product,
            layout.ranks);
    layout.ranks = product;
    return layout;
  }
  const bool as_here = layout.ranks == 0 && layout.nodes == 0 && layout.ranks_per_node == 0;
  if (as_here) return here;
  if (layout.ranks == 0) layout.ranks = here.ranks;
  if (layout.ranks_per_node > 0) {
    layout.nodes = divided(layout.ranks, layout.ranks_per_node,
                           fmt::format("do not fill nodes of {}", layout.ranks_per_node));
    return layout;
  }
  if (layout.nodes == 0) layout.nodes = 1;
  layout.ranks_per_node =
      divided(layout.ranks, layout.nodes,
              fmt::format("do not spread evenly over {}", counted(layout.nodes, "node")));
  return layout;
}

}  // namespace switchyard::plan
