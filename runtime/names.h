// Names of the values of an enum: the words that a config, a command line and messages use for it.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string_view>
#include <type_traits>

namespace switchyard {

// Specialized beside an enum whose values count from 0, in their order:
//   enum class Fruit : std::uint8_t { apple, pear };
//   template <>
//   inline constexpr std::array<std::string_view, 2> names_of<Fruit> = {"apple", "pear"};
template <class Enum>
inline constexpr std::array<std::string_view, 0> names_of = {};

template <class Enum>
concept HasNames = std::is_enum_v<Enum> && names_of<Enum>
.size() > 0;

template <HasNames Enum>
constexpr std::string_view name_of(Enum value) {
  return names_of<Enum>[static_cast<std::size_t>(value)];
}

// The value that has this name, if one does.
template <HasNames Enum>
constexpr std::optional<Enum> value_named(std::string_view name) {
  const auto& names = names_of<Enum>;
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return static_cast<Enum>(found - names.begin());
}

}  // namespace switchyard
