// Hopper: wgmma. Two groups of warps take turns at the tensor cores and at writing results.
#include "runtime/cutlass/gemm.h"

namespace switchyard::cutlass_gemm {
namespace {

using Hopper = Choices<cutlass::arch::Sm90, cute::Shape<cute::_128, cute::_128, cute::_64>,
                       cute::Shape<cute::_1, cute::_2, cute::_1>,
                       cutlass::gemm::KernelPtrArrayTmaWarpSpecializedPingpong,
                       cutlass::epilogue::PtrArrayTmaWarpSpecializedPingpong>;

}  // namespace

void multiply_on_sm90(const GroupedGemm& call, Arena& scratch, Stream& stream) {
  multiply_form<Hopper::Of>(call, scratch, stream);
}

}  // namespace switchyard::cutlass_gemm
