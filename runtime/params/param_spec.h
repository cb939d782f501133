// ParamSpec: what a parameter is, apart from its values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/tensor.h"

namespace switchyard {

// The matrix `part` of an expert: one rank of each expert group hosts it.
struct ExpertPart {
  std::string layer;  // "layer3"
  int expert = 0;     // 17
  std::string part;   // "up"

  std::string name() const;  // "layer3.expert17.up"
  // Empty if the parameter of that name is no part of an expert.
  static std::optional<ExpertPart> of_name(std::string_view name);
  bool operator==(const ExpertPart&) const = default;
};

// How the first values of a matrix are drawn. A layer's factors (runtime/params/linear_terms.h) are
// those of a normal draw of the matrix that they replace, and a guide is their product.
enum class ParamInit : std::uint8_t { normal, uniform, factor, product };

struct ParamSpec {
  std::string name{};  // global: "layer3.router" means the same on every layout. Params::declare
                       // names a part of an expert itself.
  Shape shape{};
  ParamInit init = ParamInit::normal;
  double init_std = 0.0;  // normal with this deviation, or uniform in [-init_std, init_std); 0:
                          // every element is init_value
  float init_value = 0.0F;
  bool decays = true;                  // weight decay applies
  bool frozen = false;                 // training leaves its value as it is
  std::optional<ExpertPart> expert{};  // empty: every rank hosts the parameter
  bool extra_copy = false;  // another rank of the expert group owns this expert: it counts the
                            // expert in the norm and saves it

  std::uint64_t key() const;  // of the parameter's random numbers: a function of the name
};

}  // namespace switchyard
