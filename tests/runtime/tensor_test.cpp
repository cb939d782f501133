#include "runtime/tensor.h"

#include <gtest/gtest.h>

#include <utility>

namespace switchyard {
namespace tensor_test {

// The message of the Error that `work` throws, or "" if it throws none.
template <class Work>
std::string error_of(Work work) {
  try {
    work();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(DType, SizesAreThoseOfTheNames) {
  EXPECT_EQ(bytes_of(DType::u8), 1);
  EXPECT_EQ(bytes_of(DType::i32), 4);
  EXPECT_EQ(bytes_of(DType::f32), 4);
  EXPECT_EQ(bytes_of(DType::i64), 8);
  EXPECT_EQ(bytes_of(DType::f64), 8);
  EXPECT_STREQ(name_of(DType::u8), "u8");
  EXPECT_STREQ(name_of(DType::f64), "f64");
}

TEST(Shape, CountsElements) {
  EXPECT_EQ(Shape({3, 4, 5}).size(), 60);
  EXPECT_EQ(Shape({3, 0}).size(), 0);
  EXPECT_EQ(Shape().size(), 0);
}

TEST(Shape, PrintsAsAList) {
  EXPECT_EQ(Shape({3, 4}).text(), "[3, 4]");
  EXPECT_EQ(Shape().text(), "[]");
}

TEST(Shape, ComparesDimsAndTheirNumber) {
  EXPECT_EQ(Shape({2, 3}), Shape({2, 3}));
  EXPECT_NE(Shape({2, 3}), Shape({3, 2}));
  EXPECT_NE(Shape({2}), Shape({2, 0}));
}

TEST(Shape, RefusesAFifthDim) {
  EXPECT_EQ(error_of([] { return Shape{1, 1, 1, 1, 1}; }), "a tensor has at most 4 dims, got 5");
}

TEST(Shape, RefusesANegativeDim) {
  EXPECT_EQ(error_of([] { return Shape{4, -1}; }), "dim 1 of a shape is negative: -1");
}

TEST(Tensor, DefaultIsEmpty) {
  EXPECT_TRUE(Tensor{}.empty());
  EXPECT_EQ(Tensor{}.bytes(), 0);
  EXPECT_EQ(Tensor{}.rows(), 0);
}

TEST(Tensor, RowsAreAllDimsButTheLast) {
  const Buffer buffer({2, 3, 4}, DType::f32);
  EXPECT_EQ(buffer.tensor().rows(), 6);
  EXPECT_EQ(buffer.tensor().cols(), 4);
}

TEST(Tensor, OneDimIsOneRow) {
  const Buffer buffer({7}, DType::f32), none({0}, DType::f32);
  EXPECT_EQ(buffer.tensor().rows(), 1);
  EXPECT_EQ(none.tensor().rows(), 0);
}

TEST(Tensor, RowsWithoutColumnsStillCount) {
  const Buffer buffer({5, 0}, DType::f32);
  EXPECT_EQ(buffer.tensor().rows(), 5);
  EXPECT_TRUE(buffer.tensor().empty());
}

TEST(Tensor, BytesFollowTheElementType) {
  EXPECT_EQ(Buffer({3, 5}, DType::i64).tensor().bytes(), 120);
  EXPECT_EQ(Buffer({3, 5}, DType::u8).tensor().bytes(), 15);
}

TEST(Tensor, WrongElementTypeIsNamed) {
  const Buffer buffer({2, 3}, DType::f32);
  EXPECT_EQ(error_of([&] { buffer.tensor().as<std::int32_t>(); }),
            "tensor [2, 3] holds f32, not i32");
}

TEST(Tensor, ViewKeepsDataAndChangesDims) {
  const Buffer buffer({2, 6}, DType::i32);
  const Tensor view = buffer.tensor().view({3, 4});
  EXPECT_EQ(view.data, buffer.tensor().data);
  EXPECT_EQ(view.shape, Shape({3, 4}));
  EXPECT_EQ(view.dtype, DType::i32);
}

TEST(Tensor, ViewRefusesAnotherSize) {
  const Buffer buffer({2, 6}, DType::i32);
  EXPECT_EQ(error_of([&] { buffer.tensor().view({13}); }), "cannot view [2, 6] as [13]");
}

TEST(Tensor, RowRangeStartsAtItsRow) {
  const Buffer buffer({2, 2, 3}, DType::f64);
  const Tensor rows = buffer.tensor().row_range(1, 3);
  EXPECT_EQ(rows.as<double>(), buffer.tensor().as<double>() + 3);
  EXPECT_EQ(rows.shape, Shape({2, 3}));
}

TEST(Tensor, RowRangeMayBeEmptyAtTheEnd) {
  const Buffer buffer({4, 3}, DType::f32);
  EXPECT_EQ(buffer.tensor().row_range(4, 4).shape, Shape({0, 3}));
}

TEST(Tensor, RowRangeStaysInside) {
  const Buffer buffer({4, 3}, DType::f32);
  EXPECT_EQ(error_of([&] { buffer.tensor().row_range(2, 5); }), "rows [2, 5) of [4, 3]");
  EXPECT_EQ(error_of([&] { buffer.tensor().row_range(-1, 2); }), "rows [-1, 2) of [4, 3]");
  EXPECT_EQ(error_of([&] { buffer.tensor().row_range(3, 2); }), "rows [3, 2) of [4, 3]");
}

TEST(Tensor, RangeCountsElements) {
  const Buffer buffer({4, 3}, DType::i64);
  const Tensor part = buffer.tensor().range(5, 9);
  EXPECT_EQ(part.as<std::int64_t>(), buffer.tensor().as<std::int64_t>() + 5);
  EXPECT_EQ(part.shape, Shape({4}));
}

TEST(Tensor, RangeStaysInside) {
  const Buffer buffer({4, 3}, DType::i64);
  EXPECT_EQ(error_of([&] { buffer.tensor().range(0, 13); }), "elements [0, 13) of [4, 3]");
  EXPECT_EQ(error_of([&] { buffer.tensor().range(-1, 3); }), "elements [-1, 3) of [4, 3]");
}

TEST(Device, CudaFailsClearlyWithoutCuda) {
  try {
    Device::cuda(3);
    ADD_FAILURE() << "a build without CUDA gave a GPU";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Exit::usage);
    EXPECT_NE(std::string(error.what()).find("switchyard_cuda"), std::string::npos) << error.what();
  }
}

}  // namespace tensor_test
}  // namespace switchyard
