#include "launch/models/recipe.h"

#include <fmt/ranges.h>
#include <fnmatch.h>

#include <cmath>
#include <numeric>

#include "launch/models/recipe_fields.h"
#include "runtime/error.h"

namespace switchyard::models {
namespace {

constexpr double largest_weight = 1e6;
constexpr std::int64_t largest_count = 1'000'000'000'000'000;
constexpr std::int64_t largest_times = 1 << 20;
constexpr std::int64_t largest_tokens = std::int64_t{1} << 31;

bool compresses(Method method) { return method == Method::quantize || method == Method::prune; }
bool merges(Method method) { return method < Method::grow; }
bool needs_base(Method method) { return merges(method) && method != Method::average; }
bool needs_density(Method method) {
  return method == Method::ties || method == Method::dare || method == Method::dare_ties;
}

// Only TIES divides by the weights of the models that agree, unless the recipe says otherwise.
bool normalizes(Method method) { return method == Method::ties; }

void check_rule(const Rule& rule, const Recipe& recipe, const std::string& where) {
  const MergeSettings& merge = rule.merge;
  require(merge.weights.size() == recipe.inputs.size(), Exit::usage,
          "{}: there are {} weights for {} inputs", where, merge.weights.size(),
          recipe.inputs.size());
  require(recipe.has_base() || !needs_base(rule.method), Exit::usage,
          "{}: method = \"{}\" adds up what models changed, so it needs the model that they come "
          "from: set base",
          where, name_of(rule.method));
  require(!needs_density(rule.method) || merge.density > 0, Exit::usage,
          "{}: method = \"{}\" needs density, the share of differences that stay", where,
          name_of(rule.method));
  const double sum = std::reduce(merge.weights.begin(), merge.weights.end());
  require(sum != 0.0 || (needs_base(rule.method) && !merge.normalize), Exit::usage,
          "{}: the weights add up to 0, and the result is divided by their sum", where);
}

Override override_of(const Fields& fields) {
  Override found;
  found.match = fields.text("match");
  if (fields.has("method")) found.method = fields.named<Method>("method");
  require(!found.method || merges(*found.method), Exit::usage,
          "match = \"{}\": method = \"{}\" is not a way to merge a tensor", found.match,
          name_of(found.method.value_or(Method::average)));
  if (fields.has("scale")) found.scale = fields.number("scale", -largest_weight, largest_weight);
  if (fields.has("density")) found.density = fields.number("density", 0, 1);
  if (fields.has("normalize")) found.normalize = fields.flag("normalize");
  if (fields.has("weights"))
    found.weights = fields.numbers("weights", -largest_weight, largest_weight);
  fields.refuse_others();
  return found;
}

void add_input(const Fields& fields, Recipe& recipe) {
  recipe.inputs.push_back(fields.text("path"));
  recipe.rule.merge.weights.push_back(
      fields.has("weight") ? fields.number("weight", -largest_weight, largest_weight) : 1.0);
  fields.refuse_others();
}

void take_merge(const Fields& fields, Recipe& recipe) {
  MergeSettings& merge = recipe.rule.merge;
  merge.density = 0.0;
  merge.normalize = normalizes(recipe.rule.method);
  if (fields.has("base")) recipe.base = fields.text("base");
  if (fields.has("scale")) merge.scale = fields.number("scale", -largest_weight, largest_weight);
  if (fields.has("density")) merge.density = fields.number("density", 0, 1);
  if (fields.has("normalize")) merge.normalize = fields.flag("normalize");
  if (fields.has("over")) recipe.over = fields.named<TiesOver>("over");
  if (fields.has("match_experts")) recipe.match_experts = fields.flag("match_experts");
  for (const Fields& each : fields.tables("override"))
    recipe.overrides.push_back(override_of(each));
}

void take_layers(const Fields& fields, Recipe& recipe) {
  if (!fields.has("layers")) return;
  for (const double layer : fields.numbers("layers", 0, 9999))
    recipe.layers.push_back(static_cast<std::int64_t>(layer));
}

void require_one_input(const Recipe& recipe) {
  require(recipe.inputs.size() == 1, Exit::usage, "method = \"{}\" takes one [[input]], not {}",
          name_of(recipe.rule.method), recipe.inputs.size());
}

void take_low_rank(const Fields& fields, Recipe& recipe) {
  require_one_input(recipe);
  require(fields.has("rank") != fields.has("share"), Exit::usage,
          "method = \"low_rank\" needs either rank or share, the share of parameters that stay");
  if (fields.has("rank")) recipe.rank = fields.integer("rank", 1, largest_times);
  if (fields.has("share")) recipe.share = fields.number("share", 0, 1);
  take_layers(fields, recipe);
}

void take_calibration(const Fields& fields, Recipe& recipe) {
  recipe.calibration.dataset = fields.text("calibrate");
  if (fields.has("tokens")) recipe.calibration.tokens = fields.integer("tokens", 1, largest_tokens);
}

void take_compression(const Fields& fields, Recipe& recipe) {
  require_one_input(recipe);
  recipe.compression =
      recipe.rule.method == Method::quantize ? take_quantize(fields) : take_prune(fields);
  if (recipe.compression.needs_data()) take_calibration(fields, recipe);
}

void take_experts(const Fields& fields, Recipe& recipe) {
  require_one_input(recipe);
  recipe.keep = static_cast<int>(fields.integer("keep", 1, largest_times));
  if (fields.has("by")) recipe.keep_by = fields.named<KeepBy>("by");
  if (fields.has("merge")) recipe.merges_others = fields.flag("merge");
  if (recipe.keep_by != KeepBy::random || recipe.merges_others) take_calibration(fields, recipe);
}

void take_growth(const Fields& fields, Recipe& recipe) {
  require_one_input(recipe);
  recipe.times = fields.integer("times", 1, largest_times);
  recipe.by = fields.named<GrowBy>("by");
}

void take_mix(const Fields& fields, Recipe& recipe) {
  recipe.experts = fields.integer("experts", 1, largest_times);
  if (fields.has("top_k")) recipe.top_k = fields.integer("top_k", 2, 1024);
  if (fields.has("shards")) recipe.shards = fields.integer("shards", 1, largest_times);
  if (fields.has("router_std")) recipe.router_std = fields.number("router_std", 0, 100);
  take_layers(fields, recipe);
}

void check_rules(const Recipe& recipe, const std::string& name) {
  require(!recipe.match_experts || !recipe.has_base(), Exit::usage,
          "{}: match_experts = true is for models that no base is common to: leave base out", name);
  check_rule(recipe.rule, recipe, name);
  for (const Override& each : recipe.overrides) {
    Recipe alone = recipe;
    alone.overrides = {each};
    alone.overrides[0].match = "*";
    check_rule(alone.rule_of(""), recipe, name + ", match = \"" + each.match + "\"");
  }
}

}  // namespace

Rule Recipe::rule_of(const std::string& name) const {
  Rule found = rule;
  for (const Override& each : overrides) {
    if (!matches(each.match, name)) continue;
    if (each.method && *each.method != found.method) {
      found.method = *each.method;
      found.merge.normalize = normalizes(found.method);
    }
    if (each.scale) found.merge.scale = *each.scale;
    if (each.density) found.merge.density = *each.density;
    if (each.normalize) found.merge.normalize = *each.normalize;
    if (each.weights) found.merge.weights = *each.weights;
  }
  return found;
}

std::vector<std::string> Recipe::sources() const {
  std::vector<std::string> all = inputs;
  if (has_base()) all.push_back(base);
  return all;
}

Recipe parse_recipe(const std::string& text, const std::string& name) {
  const toml::table table = parse_recipe_toml(text, name);
  const Fields fields(table, name);
  Recipe recipe;
  recipe.text = text;
  recipe.rule.method = fields.named<Method>("method");
  for (const Fields& input : fields.tables("input")) add_input(input, recipe);
  require(!recipe.inputs.empty(), Exit::usage, "{}: a recipe needs an [[input]] with a path", name);
  if (fields.has("seed"))
    recipe.seed = static_cast<std::uint64_t>(fields.integer("seed", 0, largest_count));
  if (fields.has("dtype")) recipe.dtype = fields.dtype("dtype");
  if (recipe.rule.method == Method::grow) {
    take_growth(fields, recipe);
  } else if (recipe.rule.method == Method::mix) {
    take_mix(fields, recipe);
  } else if (recipe.rule.method == Method::low_rank) {
    take_low_rank(fields, recipe);
  } else if (recipe.rule.method == Method::fold) {
    require_one_input(recipe);
  } else if (compresses(recipe.rule.method)) {
    take_compression(fields, recipe);
  } else if (recipe.rule.method == Method::experts) {
    take_experts(fields, recipe);
  } else {
    take_merge(fields, recipe);
  }
  fields.refuse_others();
  check_rules(recipe, name);
  return recipe;
}

bool matches(const std::string& glob, const std::string& name) {
  return fnmatch(glob.c_str(), name.c_str(), 0) == 0;
}

}  // namespace switchyard::models
