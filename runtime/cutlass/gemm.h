// CUTLASS's grouped products of one architecture. For the .cu files beside this one.
#pragma once

#include <cutlass/cutlass.h>
#include <cutlass/gemm/device/gemm_universal_adapter.h>
#include <cutlass/epilogue/collective/collective_builder.hpp>
#include <cutlass/gemm/collective/collective_builder.hpp>
#include <cutlass/gemm/group_array_problem_shape.hpp>
#include <cutlass/gemm/kernel/gemm_universal.hpp>

#include "runtime/cutlass/grouped_gemm.h"
#include "runtime/device/cuda_queue.h"

namespace switchyard::cutlass_gemm {

using RowMajor = cutlass::layout::RowMajor;
using ColumnMajor = cutlass::layout::ColumnMajor;
using Problem = cutlass::gemm::GroupProblemShape<cute::Shape<int, int, int>>;
static_assert(sizeof(Problem::UnderlyingProblemShape) == sizeof(GemmShape));

template <class Gemm>
void multiply(const GroupedGemm& call, Arena& scratch, Stream& stream) {
  using Kernel = typename Gemm::GemmKernel;
  using A = const typename Gemm::ElementA;
  using B = const typename Gemm::ElementB;
  // Of a stride, only the one between rows is a number at run time.
  using StrideA = typename Kernel::InternalStrideA;
  using StrideB = typename Kernel::InternalStrideB;
  using StrideD = typename Kernel::InternalStrideD;
  static_assert(sizeof(StrideA) == 8 && sizeof(StrideB) == 8 && sizeof(StrideD) == 8);
  const auto* shapes = reinterpret_cast<const Problem::UnderlyingProblemShape*>(call.shapes);
  const auto* out_strides = reinterpret_cast<const StrideD*>(call.out_strides);

  typename Gemm::Arguments arguments{};
  arguments.mode = cutlass::gemm::GemmUniversalMode::kGrouped;
  arguments.problem_shape = {call.count, const_cast<Problem::UnderlyingProblemShape*>(shapes),
                             nullptr};
  arguments.mainloop.ptr_A = reinterpret_cast<A**>(const_cast<const std::uint16_t**>(call.a));
  arguments.mainloop.dA = const_cast<StrideA*>(reinterpret_cast<const StrideA*>(call.a_strides));
  arguments.mainloop.ptr_B = reinterpret_cast<B**>(const_cast<const std::uint16_t**>(call.b));
  arguments.mainloop.dB = const_cast<StrideB*>(reinterpret_cast<const StrideB*>(call.b_strides));
  arguments.epilogue.thread.alpha = 1.0F;
  arguments.epilogue.thread.beta = call.add ? 1.0F : 0.0F;
  arguments.epilogue.ptr_C = const_cast<const float**>(call.out);
  arguments.epilogue.dC = const_cast<StrideD*>(out_strides);
  arguments.epilogue.ptr_D = const_cast<float**>(call.out);
  arguments.epilogue.dD = const_cast<StrideD*>(out_strides);
  arguments.hw_info.device_id = stream.device().index;
  arguments.hw_info.sm_count =
      cutlass::KernelHardwareInfo::query_device_multiprocessor_count(stream.device().index);

  const auto expect = [](cutlass::Status status, const char* what) {
    require(status == cutlass::Status::kSuccess, "CUTLASS refuses a grouped product ({}): {}", what,
            cutlass::cutlassGetStatusString(status));
  };
  const auto bytes = static_cast<std::int64_t>(Gemm::get_workspace_size(arguments));
  void* workspace = scratch.take({std::max<std::int64_t>(bytes, 1)}, DType::u8).data;
  Gemm gemm;
  expect(gemm.can_implement(arguments), "shape");
  expect(gemm.initialize(arguments, workspace, cuda_queue(stream).stream()), "start");
  expect(gemm.run(cuda_queue(stream).stream()), "launch");
}

// Choice<A, B>::Gemm: the kernel for operands of those layouts.
template <template <class, class> class Choice>
void multiply_form(const GroupedGemm& call, Arena& scratch, Stream& stream) {
  switch (call.form) {
    case GemmForm::rows:
      return multiply<typename Choice<RowMajor, ColumnMajor>::Gemm>(call, scratch, stream);
    case GemmForm::rows_backward:
      return multiply<typename Choice<RowMajor, RowMajor>::Gemm>(call, scratch, stream);
    case GemmForm::gradient:
      return multiply<typename Choice<ColumnMajor, RowMajor>::Gemm>(call, scratch, stream);
  }
}

// The kernels of an architecture. Tile: [m, n, k] of a block; Cluster: blocks that share operands.
template <class Arch, class Tile, class Cluster, class Schedule, class EpilogueSchedule>
struct Choices {
  using Epilogue = typename cutlass::epilogue::collective::CollectiveBuilder<
      Arch, cutlass::arch::OpClassTensorOp, Tile, Cluster,
      cutlass::epilogue::collective::EpilogueTileAuto, float, float, float, RowMajor*, 4, float,
      RowMajor*, 4, EpilogueSchedule>::CollectiveOp;
  template <class A, class B>
  struct Of {
    using Mainloop = typename cutlass::gemm::collective::CollectiveBuilder<
        Arch, cutlass::arch::OpClassTensorOp, cutlass::bfloat16_t, A*, 8, cutlass::bfloat16_t, B*,
        8, float, Tile, Cluster,
        cutlass::gemm::collective::StageCountAutoCarveout<static_cast<int>(
            sizeof(typename Epilogue::SharedStorage))>,
        Schedule>::CollectiveOp;
    using Gemm = cutlass::gemm::device::GemmUniversalAdapter<
        cutlass::gemm::kernel::GemmUniversal<Problem, Mainloop, Epilogue>>;
  };
};

}  // namespace switchyard::cutlass_gemm
