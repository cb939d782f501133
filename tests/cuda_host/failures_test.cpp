// What is left of a GPU or a peer that failed: one clear error, and nothing that waits for ever.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "router/row_ops.h"
#include "runtime/comm/device_comm.h"
#include "runtime/device/host_access.h"
#include "tests/cuda_host/device.h"
#include "tests/rank_test.h"

namespace switchyard {
namespace failures_test {

using cuda_host::Peers;

// Puts the emulated GPU right again when a test ends.
struct Failures : testing::Test {
  ~Failures() override {
    cuda_host::set_broken(false);
    cuda_host::set_peers(Peers::alive);
  }

  const Device device = Device::cuda(test_world().rank());
  Stream stream = Stream::cuda(device);
  const std::unique_ptr<Comm> world =
      make_device_world(test_world().split(0, test_world().rank()), device).comm;
};

template <class Body>
void expect_error(Exit code, const char* text, Body body) {
  try {
    body();
    ADD_FAILURE() << "nothing failed";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code);
    EXPECT_THAT(error.what(), testing::HasSubstr(text));
  }
}

TEST_F(Failures, AHostThatWaitsForADeadPeerIsToldAndLeaves) {
  const Buffer tensor({8}, DType::f32, device);
  cuda_host::set_peers(Peers::dead);
  world->all_reduce(tensor, Reduce::sum, stream);
  cuda_host::set_peers(Peers::noticed);
  expect_error(Exit::peer, "remote process exited", [&] { const HostRead here(tensor, stream); });
}

// What the other communicator awaits of the dead peer is over too, or giving back the memory would
// wait for it.
TEST_F(Failures, AnErrorOfOneCommunicatorEndsTheWorkOfAll) {
  const std::unique_ptr<Comm> other = world->split(0, test_world().rank());
  const std::vector<std::int64_t> sizes(static_cast<std::size_t>(test_world().size()), 8);
  const Buffer tensor({8}, DType::f32, device),
      parts({8 * test_world().size()}, DType::f32, device);
  cuda_host::set_peers(Peers::dead);
  world->all_reduce(tensor, Reduce::sum, stream);
  cuda_host::set_peers(Peers::noticed);
  expect_error(Exit::peer, "remote process exited",
               [&] { other->all_gather_parts(parts, sizes, stream); });
}

TEST_F(Failures, RowsThatCannotLeaveEndTheirGroup) {
  const Buffer rows({2 * test_world().size(), 4}, DType::f32, device),
      arrived(rows.tensor().shape, DType::f32, device);
  const std::vector<std::int64_t> counts(static_cast<std::size_t>(test_world().size()), 2);
  cuda_host::set_peers(Peers::noticed);
  expect_error(Exit::peer, "remote process exited",
               [&] { world->exchange_rows(rows, counts, arrived, counts, stream); });
}

// Memory of the host is given back on the way out, which asks the device once more.
TEST_F(Failures, AKernelThatFailedIsNamedByTheNextRead) {
  const Buffer tensor({8}, DType::f32, device);
  cuda_host::set_broken(true);
  expect_error(Exit::internal, "unspecified launch failure",
               [&] { const HostRead here(tensor, stream); });
}

// CUB reads the last error after each of its launches.
TEST_F(Failures, AskingForAnEventThatIsStillToComeLeavesNoError) {
  const Buffer expert({4, 1}, DType::i32, device), copy({1}, DType::i32, device),
      token_of_slot({4}, DType::i32, device), slot_of_choice({4, 1}, DType::i32, device);
  {
    HostWrite first(copy, stream);
    *first.as<std::int32_t>() = 0;
    first.send();
  }
  const HostWrite second(copy, stream);  // the memory of the first is still on its way
  RowOps::on(device).sort_choices(expert, copy, 1, token_of_slot, slot_of_choice, stream);
  EXPECT_EQ(HostRead(token_of_slot, stream).as<std::int32_t>()[3], 3);
}

}  // namespace failures_test
}  // namespace switchyard
