#include "runtime/names.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace switchyard {

enum class Fruit : std::uint8_t { apple, pear };
template <>
inline constexpr std::array<std::string_view, 2> names_of<Fruit> = {"apple", "green pear"};

namespace names_test {

TEST(Names, AValueHasItsName) {
  EXPECT_EQ(name_of(Fruit::apple), "apple");
  EXPECT_EQ(name_of(Fruit::pear), "green pear");
}

TEST(Names, ANameHasItsValue) {
  EXPECT_EQ(value_named<Fruit>("apple"), Fruit::apple);
  EXPECT_EQ(value_named<Fruit>("green pear"), Fruit::pear);
}

TEST(Names, OtherNamesHaveNone) {
  EXPECT_EQ(value_named<Fruit>("pear"), std::nullopt);
  EXPECT_EQ(value_named<Fruit>(""), std::nullopt);
}

enum class Unnamed : std::uint8_t { first };
static_assert(HasNames<Fruit> && !HasNames<Unnamed> && !HasNames<int>);

}  // namespace names_test
}  // namespace switchyard
