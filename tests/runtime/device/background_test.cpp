#include "runtime/device/background.h"

#include <gtest/gtest.h>

#include <vector>

#include "runtime/error.h"

namespace switchyard {
namespace background_test {

TEST(Background, JobsRunInOrderOnAnotherThread) {
  std::vector<int> order;
  std::thread::id worker;
  {
    Background background;
    for (int i = 0; i < 5; ++i)
      background.submit(std::packaged_task<void()>([&order, i] { order.push_back(i); }));
    background.submit(std::packaged_task<void()>([&] { worker = std::this_thread::get_id(); }))
        .get();
  }
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4}));
  EXPECT_NE(worker, std::this_thread::get_id());
}

TEST(Background, AJobsErrorComesOutOfItsFuture) {
  Background background;
  auto failed =
      background.submit(std::packaged_task<void()>([] { fail(Exit::data, "bad row {}", 3); }));
  auto fine = background.submit(std::packaged_task<void()>([] {}));
  EXPECT_THROW(failed.get(), Error);
  EXPECT_NO_THROW(fine.get());
}

}  // namespace background_test
}  // namespace switchyard
