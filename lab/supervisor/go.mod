module scaler/lab/supervisor

go 1.26.0
