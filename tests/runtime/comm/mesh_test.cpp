#include "runtime/comm/mesh.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/rank_test.h"

namespace switchyard {
namespace mesh_test {

Mesh mesh_of(int expert_degree) {
  return make_mesh(test_world().split(0, test_world().rank()), expert_degree);
}

// World ranks of the members of `axis`, in its order. Collective.
std::vector<std::int64_t> members(Comm& axis) {
  std::int64_t mine = test_world().rank();
  std::vector<std::int64_t> all(static_cast<std::size_t>(axis.size()));
  Stream stream = Stream::cpu(1);
  axis.all_gather(tensor_of(&mine, {1}), tensor_of(all.data(), {axis.size()}), stream);
  return all;
}

std::vector<std::int64_t> counting(std::int64_t first, std::int64_t step, int count) {
  std::vector<std::int64_t> values;
  for (int i = 0; i < count; ++i) values.push_back(first + i * step);
  return values;
}

TEST(Mesh, AxesHaveTheirMembersAtEveryDegree) {
  const int size = test_world().size(), rank = test_world().rank();
  for (int degree = 1; degree <= size; ++degree) {
    if (size % degree != 0) continue;
    const Mesh mesh = mesh_of(degree);
    EXPECT_EQ(mesh.expert_degree(), degree);
    EXPECT_EQ(members(*mesh.world), counting(0, 1, size));
    EXPECT_EQ(members(*mesh.experts), counting(rank / degree * degree, 1, degree));
    EXPECT_EQ(members(*mesh.replicas), counting(rank % degree, degree, size / degree));
    EXPECT_EQ(members(*mesh.node), counting(0, 1, size));
  }
}

TEST(Mesh, RefusesADegreeThatDoesNotDivideTheWorld) {
  EXPECT_THROW(mesh_of(test_world().size() + 1), Error);
  EXPECT_THROW(mesh_of(0), Error);
}

TEST(Mesh, LargestDivisorIsAtMostTheLimit) {
  EXPECT_EQ(largest_divisor(1, 8), 1);
  EXPECT_EQ(largest_divisor(6, 6), 6);
  EXPECT_EQ(largest_divisor(6, 5), 3);
  EXPECT_EQ(largest_divisor(6, 2), 2);
  EXPECT_EQ(largest_divisor(6, 1), 1);
  EXPECT_EQ(largest_divisor(7, 6), 1);
  EXPECT_EQ(largest_divisor(8, 7), 4);
  EXPECT_EQ(largest_divisor(12, 100), 12);
  EXPECT_EQ(largest_divisor(12, 0), 1);
}

}  // namespace mesh_test
}  // namespace switchyard
