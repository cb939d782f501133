#include "tests/rank_test.h"

#include <gtest/gtest.h>

#include "runtime/comm/mpi_comm.h"

namespace switchyard {
namespace {
Comm* world = nullptr;
}

Comm& test_world() { return *world; }

}  // namespace switchyard

int main(int argc, char** argv) {
  switchyard::MpiSession session(&argc, &argv);
  const auto comm = session.world();
  switchyard::world = comm.get();
  testing::InitGoogleTest(&argc, argv);
  if (comm->rank() != 0) {  // one report is enough; failures of other ranks still print themselves
    auto& listeners = testing::UnitTest::GetInstance()->listeners();
    delete listeners.Release(listeners.default_result_printer());
    struct FailuresOnly : testing::EmptyTestEventListener {
      void OnTestPartResult(const testing::TestPartResult& result) override {
        if (result.failed()) {
          fprintf(stderr, "%s:%d: %s\n", result.file_name(), result.line_number(),
                  result.message());
        }
      }
    };
    listeners.Append(new FailuresOnly);
  }
  const int failed = RUN_ALL_TESTS();
  return switchyard::reduce_one(*comm, static_cast<std::int64_t>(failed),
                                switchyard::Reduce::max) == 0
             ? 0
             : 1;
}
