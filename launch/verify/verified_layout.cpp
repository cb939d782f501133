#include "launch/verify/verified_layout.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <sstream>

#include "launch/assemble/assemble.h"
#include "runtime/comm/agree.h"
#include "runtime/error.h"

namespace switchyard {

std::string VerifiedLayout::name() const {
  return fmt::format("ranks={}{}{}", ranks, sets.empty() ? "" : " ", fmt::join(sets, " "));
}

VerifiedLayout parse_layout(const std::string& text, int num_ranks) {
  constexpr std::string_view key = "ranks=";
  VerifiedLayout layout{.ranks = 0, .sets = {}};
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    if (!word.starts_with(key)) {
      layout.sets.push_back(word);
      continue;
    }
    const char* end = word.data() + word.size();
    const auto parsed = std::from_chars(word.data() + key.size(), end, layout.ranks);
    require(parsed.ec == std::errc() && parsed.ptr == end, Exit::usage,
            "--layout '{}': {} is no number of ranks", text, word);
  }
  require(layout.ranks >= 1 && layout.ranks <= num_ranks, Exit::usage,
          "--layout '{}' needs ranks=N, with N from 1 to {}, the ranks that were started; "
          "then keys, as in 'ranks=2 parallel.experts=1 run.threads=3'",
          text, num_ranks);
  return layout;
}

std::vector<VerifiedLayout> default_layouts(const Config& config, int num_ranks) {
  if (num_ranks == 1) return {{1, {"run.threads=1"}}, {1, {"run.threads=2"}}};
  std::vector<VerifiedLayout> layouts{{1, {}}};
  for (int degree = num_ranks; degree >= 1; --degree) {
    if (num_ranks % degree == 0 && degree <= std::max(1, config.model.num_experts))
      layouts.push_back({num_ranks, {fmt::format("parallel.experts={}", degree)}});
  }
  return layouts;
}

Config agree_on_config(const VerifiedLayout& layout, const ConfigSources& sources, Comm& world) {
  ConfigSources with_layout = sources;
  with_layout.sets.insert(with_layout.sets.end(), layout.sets.begin(), layout.sets.end());
  const Config config = agree_on_config(with_layout, world);
  const std::vector<std::string> fixed =
      changed_fixed_keys(agree_on_config(sources, world), config);
  agree(world, [&] {
    require(fixed.empty(), Exit::usage,
            "layout '{}' changes what is computed: {}; a layout may set what a resumed run may "
            "change",
            layout.name(), fmt::join(fixed, ", "));
  });
  return config;
}

}  // namespace switchyard
