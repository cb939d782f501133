#include "launch/scaling/fit.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "launch/scaling/least_squares.h"
#include "runtime/error.h"
#include "runtime/random.h"

namespace switchyard::scaling {
namespace {

constexpr double huber_delta = 1e-3;
constexpr int short_search = 40, full_search = 4000;  // evaluations
constexpr std::size_t num_polished = 8, num_kept = 3;

// What the residual of a run needs, in logarithms around their means.
struct Row {
  double x, n, d, log_loss;
};

// A law around the means of the runs: ln of its terms is q0 + q1 x + q2 n + q3 x n, q4 + q5 x + q6
// d + q7 x d, and q8.
class Fit {
 public:
  Fit(LawForm form, const std::vector<RunPoint>& runs)
      : form_(form), constants_(constants_of(form)) {
    for (const RunPoint& run : runs) {
      const ModelSize& size = run.size;
      rows_.push_back({std::log(expansion_of(form, size)), std::log(size.active),
                       std::log(tokens_worth(size.tokens, size.unique_tokens)),
                       std::log(run.loss)});
    }
    const auto count = static_cast<double>(rows_.size());
    for (const Row& row : rows_) {
      mean_.x += row.x / count;
      mean_.n += row.n / count;
      mean_.d += row.d / count;
    }
    for (Row& row : rows_) row = {row.x - mean_.x, row.n - mean_.n, row.d - mean_.d, row.log_loss};
    drawn_.resize(rows_.size());
    std::iota(drawn_.begin(), drawn_.end(), std::size_t{0});
  }

  // Fits to these runs from now on.
  void draw(std::vector<std::size_t> drawn) { drawn_ = std::move(drawn); }

  struct Found {
    double sum = 0.0;                // of Huber's losses, doubled
    std::vector<double> parameters;  // those of constants_
  };

  // The best local minima from a grid of starts, best first.
  std::vector<Found> search() const {
    std::vector<Found> found;
    for (const std::vector<double>& start : starts()) found.push_back(polish(start, short_search));
    const auto better = [](const Found& a, const Found& b) { return a.sum < b.sum; };
    std::ranges::stable_sort(found, better);
    found.resize(std::min(found.size(), num_polished));
    for (Found& each : found) each = polish(each.parameters, full_search);
    std::ranges::stable_sort(found, better);
    return found;
  }

  Found polish(std::vector<double> parameters, int evaluations) const {
    const double sum = least_squares(
        [this](auto at, auto values, auto derivatives) { residuals(at, values, derivatives); },
        static_cast<int>(drawn_.size()), evaluations, parameters);
    return {std::isfinite(sum) ? sum : HUGE_VAL, parameters};
  }

  Constants constants(const std::vector<double>& parameters) const {
    Constants q{};
    for (std::size_t i = 0; i < constants_.size(); ++i) q[constants_[i]] = parameters[i];
    const auto at_zero = [&](std::size_t first, double size) {
      const double cross = q[first + 3];
      const double constant =
          q[first] - q[first + 1] * mean_.x - q[first + 2] * size + cross * mean_.x * size;
      q[first + 1] -= cross * size;
      q[first + 2] -= cross * mean_.x;
      q[first] = std::exp(constant);
    };
    at_zero(0, mean_.n);
    at_zero(4, mean_.d);
    q[8] = std::exp(q[8]);
    return q;
  }

 private:
  // Shares of the lowest loss for the floor, of the rest for the model's size, and exponents.
  std::vector<std::vector<double>> starts() const {
    const double lowest = std::exp(std::ranges::min(rows_, {}, &Row::log_loss).log_loss);
    double mean = 0.0;
    for (const Row& row : rows_) mean += std::exp(row.log_loss);
    mean /= static_cast<double>(rows_.size());
    std::vector<std::vector<double>> all;
    for (const double floor : {0.2, 0.6, 0.9}) {
      for (const double share : {0.25, 0.75}) {
        for (const double of_model : {-0.1, -0.35, -0.8}) {
          for (const double of_data : {-0.1, -0.35, -0.8}) {
            const double rest = mean - floor * lowest;
            const Constants q = {std::log(share * rest),         0.0, of_model, 0.0,
                                 std::log((1.0 - share) * rest), 0.0, of_data,  0.0,
                                 std::log(floor * lowest)};
            std::vector<double>& start = all.emplace_back();
            for (const std::size_t i : constants_) start.push_back(q[i]);
          }
        }
      }
    }
    return all;
  }

  // sign(r) sqrt(2 huber(r)): their squares add up to twice the sum of Huber's losses.
  void residuals(std::span<const double> parameters, std::span<double> values,
                 std::span<double> derivatives) const {
    Constants q{};
    for (std::size_t i = 0; i < constants_.size(); ++i) q[constants_[i]] = parameters[i];
    for (std::size_t i = 0; i < drawn_.size(); ++i) {
      const Row& row = rows_[drawn_[i]];
      const std::array<double, 4> model = {1.0, row.x, row.n, row.x * row.n},
                                  data = {1.0, row.x, row.d, row.x * row.d};
      const double first = std::inner_product(model.begin(), model.end(), q.begin(), 0.0);
      const double second = std::inner_product(data.begin(), data.end(), q.begin() + 4, 0.0);
      const double largest = std::max({first, second, q[8]});
      const double a = std::exp(first - largest), b = std::exp(second - largest),
                   c = std::exp(q[8] - largest);
      const double r = largest + std::log(a + b + c) - row.log_loss;
      const bool small = std::abs(r) <= huber_delta;
      values[i] =
          small ? r : std::copysign(std::sqrt(huber_delta * (2.0 * std::abs(r) - huber_delta)), r);
      const double slope = (small ? 1.0 : huber_delta / std::abs(values[i])) / (a + b + c);
      for (std::size_t j = 0; j < constants_.size(); ++j) {
        const std::size_t k = constants_[j];
        const double by = k == 8 ? c : k < 4 ? a * model[k] : b * data[k - 4];
        derivatives[i * constants_.size() + j] = slope * by;
      }
    }
  }

  LawForm form_;
  std::vector<std::size_t> constants_;
  std::vector<Row> rows_;
  Row mean_{};
  std::vector<std::size_t> drawn_;
};

template <class Of>
Interval range_of(const std::vector<RunPoint>& runs, Of of) {
  Interval range{HUGE_VAL, -HUGE_VAL};
  for (const RunPoint& run : runs) {
    range.low = std::min(range.low, of(run.size));
    range.high = std::max(range.high, of(run.size));
  }
  return range;
}
double active_of(const ModelSize& size) { return size.active; }
double tokens_of(const ModelSize& size) { return size.tokens; }
double ratio_of(const ModelSize& size) { return size.expansion(); }

bool all_finite(const Constants& constants) {
  return std::ranges::all_of(constants, [](double constant) { return std::isfinite(constant); });
}

std::size_t num_values(const std::vector<RunPoint>& runs, double (*of)(const ModelSize&)) {
  std::set<double> values;
  for (const RunPoint& run : runs) values.insert(of(run.size));
  return values.size();
}
bool vary(const std::vector<RunPoint>& runs, double (*of)(const ModelSize&)) {
  return num_values(runs, of) > 1;
}

void check_runs(const std::vector<RunPoint>& runs, LawForm form) {
  for (const RunPoint& run : runs) {
    require(run.loss > 0.0 && std::isfinite(run.loss), Exit::usage, "{}: a loss of {}", run.name,
            run.loss);
    require(run.size.active > 0.0 && run.size.tokens > 0.0, Exit::usage,
            "{}: {} parameters and {} tokens must be positive", run.name, run.size.active,
            run.size.tokens);
    require(run.size.top_k >= 1.0 && run.size.experts >= run.size.top_k, Exit::usage,
            "{}: {} experts of which a token meets {}", run.name, run.size.experts, run.size.top_k);
  }
  const std::size_t needed = constants_of(form).size() + 1;
  require(runs.size() >= needed, Exit::usage,
          "the law {} has {} constants and needs {} runs or more, and there are {}{}",
          name_of(form), needed - 1, needed, runs.size(),
          form == LawForm::dense ? "" : ": add runs, or choose another law with --law");
  require(vary(runs, active_of), Exit::usage,
          "all runs have {} active parameters: add runs of another width", runs[0].size.active);
  require(vary(runs, tokens_of), Exit::usage, "all runs have {} tokens: add longer or shorter runs",
          runs[0].size.tokens);
  require(form == LawForm::dense || vary(runs, ratio_of), Exit::usage,
          "all runs have {} experts over top-k, so the law {} cannot be fitted: use --law dense",
          runs[0].size.expansion(), name_of(form));
}

// Runs drawn with replacement: as many, of at least as many different ones as there are constants.
std::vector<std::size_t> draw_again(std::size_t runs, std::size_t constants, std::uint64_t seed,
                                    std::uint64_t& draw) {
  std::vector<std::size_t> drawn(runs);
  do {
    const Random random(seed, Purpose::bootstrap, draw++);
    for (std::size_t i = 0; i < runs; ++i)
      drawn[i] = static_cast<std::size_t>(random.uniform(i) * static_cast<double>(runs));
  } while (std::set<std::size_t>(drawn.begin(), drawn.end()).size() < constants);
  return drawn;
}

}  // namespace

LawForm chosen_form(const std::vector<RunPoint>& runs) {
  if (!vary(runs, ratio_of)) return LawForm::dense;
  const bool varied = num_values(runs, active_of) >= 4 && num_values(runs, tokens_of) >= 4 &&
                      num_values(runs, ratio_of) >= 4;
  return varied && runs.size() >= 2 * num_constants ? LawForm::joint : LawForm::mixtures;
}

FittedLaw fit_law(const std::vector<RunPoint>& runs, const FitOptions& options) {
  FittedLaw law;
  require(!runs.empty(), Exit::usage, "there is no run to fit a law to");
  law.form = options.form.value_or(chosen_form(runs));
  check_runs(runs, law.form);
  Fit fit(law.form, runs);
  const std::vector<Fit::Found> found = fit.search();
  law.constants = fit.constants(found.front().parameters);
  require(std::isfinite(found.front().sum) && all_finite(law.constants), Exit::usage,
          "the law {} cannot be fitted to these runs: add runs of other sizes, or choose a simpler "
          "law with --law",
          name_of(law.form));
  law.runs = static_cast<int>(runs.size());
  law.parameters = range_of(runs, active_of);
  law.tokens = range_of(runs, tokens_of);
  law.expansion = range_of(runs, ratio_of);
  for (const RunPoint& run : runs)
    law.scatter += std::pow(std::log(law.loss(run.size) / run.loss), 2.0);
  law.scatter = std::sqrt(law.scatter / law.runs);
  std::uint64_t draw = 0;
  for (int i = 0; i < options.bootstrap; ++i) {
    fit.draw(draw_again(runs.size(), constants_of(law.form).size(), options.seed, draw));
    Fit::Found best{HUGE_VAL, {}};
    for (std::size_t j = 0; j < std::min(found.size(), num_kept); ++j) {
      Fit::Found again = fit.polish(found[j].parameters, full_search);
      if (again.sum < best.sum) best = std::move(again);
    }
    if (!std::isfinite(best.sum)) continue;
    const Constants drawn = fit.constants(best.parameters);
    if (all_finite(drawn)) law.bootstrap.push_back(drawn);
  }
  return law;
}

std::optional<HeldOut> hold_out_largest(const std::vector<RunPoint>& runs, LawForm form) {
  std::vector<RunPoint> rest = runs;
  const auto largest = std::ranges::max_element(
      rest, {}, [](const RunPoint& run) { return run.size.active * run.size.tokens; });
  const RunPoint held = *largest;
  rest.erase(largest);
  try {
    const FittedLaw law = fit_law(rest, {.form = form, .bootstrap = 0});
    return HeldOut{held.name, held.loss, law.loss(held.size)};
  } catch (const Error&) {
    return std::nullopt;  // too few runs are left, or they are too much alike
  }
}

}  // namespace switchyard::scaling
