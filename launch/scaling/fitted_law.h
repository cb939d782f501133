// FittedLaw: a scaling law with constants of a user's runs, and its file.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "launch/scaling/laws.h"
#include "launch/scaling/model_size.h"
#include "runtime/names.h"

namespace switchyard::scaling {

// L = a X^delta N^(alpha + gamma ln X) + b X^omega D^(beta + zeta ln X) + c, with N active
// parameters, D tokens (Muennighoff's worth of them, if some are repeated) and X the experts over
// top-k. dense: no X. mixtures: gamma = zeta = 0. joint: all, and X saturates as in Ludziejewski et
// al., arXiv:2502.05172.
enum class LawForm : std::uint8_t { dense, mixtures, joint };

// a, delta, alpha, gamma, b, omega, beta, zeta, c.
constexpr std::size_t num_constants = 9;
using Constants = std::array<double, num_constants>;
inline constexpr std::array<std::string_view, num_constants> constant_names = {
    "a", "delta", "alpha", "gamma", "b", "omega", "beta", "zeta", "c"};
// Which constants a form has; the others are 0.
std::vector<std::size_t> constants_of(LawForm form);

double loss_of(LawForm form, const Constants& constants, const ModelSize& size);
double expansion_of(LawForm form, const ModelSize& size);  // X

struct FittedLaw {
  LawForm form = LawForm::dense;
  Constants constants{};
  std::vector<Constants> bootstrap;  // of fits to runs that were drawn again
  int runs = 0;
  double scatter = 0.0;  // root of the mean squared residual of ln L
  // Of the runs.
  Interval parameters{}, tokens{}, expansion{};

  double loss(const ModelSize& size) const { return loss_of(form, constants, size); }
  // The middle 95 % of what the bootstrap's laws say; {loss, loss} without one.
  Interval interval(const ModelSize& size) const;
  Interval interval_of_constant(std::size_t constant) const;
};

// JSON. Errors: Exit::usage naming the file and what is wrong in it.
FittedLaw read_fitted_law(const std::string& file);
std::string print_fitted_law(const FittedLaw& law);

// Why a size is outside the range of the runs, or nothing.
std::string outside(const FittedLaw& law, const ModelSize& size);

}  // namespace switchyard::scaling

namespace switchyard {
template <>
inline constexpr std::array<std::string_view, 3> names_of<scaling::LawForm> = {"dense", "mixtures",
                                                                               "joint"};
}
