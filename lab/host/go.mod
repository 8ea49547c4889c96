module scaler/lab/host

go 1.26.0
